// The citizens' phones.

import { byId, element, keyOf, keyed, setAttribute, setText } from "./dom.js";
import { say, word } from "./language.js";
import { spacedPhone } from "./spelling.js";
import { showMessages } from "./messages.js";
import { inWords, once, post } from "./server.js";

export function showPhones(state) {
  const list = byId("phone-list");
  setText(byId("phones-empty"), state.phones.length ? "" : word("noPhones"));
  keyed(list, inCalmOrder(list, state.phones), { key: ({ phone }) => phone, create, update });
}

// The phone that changed last is first. But while a person is at a phone, none of them moves.
function inCalmOrder(list, phones) {
  if (!list.matches(":focus-within, :hover")) return phones;
  const places = new Map([...list.children].map((node, place) => [keyOf(node), place]));
  const placeOf = ({ phone }) => places.get(phone) ?? places.size;
  return [...phones].sort((a, b) => placeOf(a) - placeOf(b));
}

function create({ phone }) {
  const screen = element(
    "div",
    { class: "screen" },
    element("h3", { class: "number" }, spacedPhone(phone)),
    element("p", { class: "codes" }),
    element("ol", { class: "messages" }),
    element("p", { class: "no-messages" }),
    createForm(phone),
  );
  return element("li", { class: "handset", "data-phone": phone }, screen);
}

function createForm(phone) {
  const [id, error] = [`text-${phone}`, `text-error-${phone}`];
  const form = element(
    "form",
    { class: "text-form", novalidate: "" },
    element("label", { for: id }, element("span", { class: "to" }), element("span", { class: "hidden" })),
    element("input", { id, name: "text", autocomplete: "off", enterkeyhint: "send", "aria-describedby": error }),
    element("button", { type: "submit" }),
    element("p", { id: error, class: "error" }),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    once(form.querySelector("button"), () => send(form, phone));
  });
  return form;
}

async function send(form, phone) {
  const text = form.elements.text.value;
  showError(form, () => "");
  if (!text.trim()) return showError(form, () => word("textEmpty"));
  try {
    await post("text", { phone, text });
  } catch (refusal) {
    showError(form, inWords(refusal));
  }
}

// One live region speaks for all phones.
function showError(form, text) {
  say(form.querySelector(".error"), text);
  say(byId("text-error"), text);
}

function update(node, { phone, codes, messages }) {
  const names = { phone: spacedPhone(phone) };
  const [list, button] = [node.querySelector(".messages"), node.querySelector("button")];
  setText(node.querySelector(".codes"), codes.join(" · "));
  setAttribute(list, "aria-label", word("messagesOf", names));
  setText(node.querySelector(".no-messages"), messages.length ? "" : word("noMessages"));
  setText(node.querySelector("label .to"), word("textTo"));
  setText(node.querySelector("label .hidden"), word("textFrom", names));
  setText(button, word("sendText"));
  setAttribute(button, "aria-label", word("sendTextFrom", names));
  suggest(node.querySelector("input"), codes);
  showMessages(list, messages);
}

// A text that a person has changed stays.
function suggest(input, [code]) {
  if (input.value !== input.defaultValue || input === document.activeElement) return;
  setAttribute(input, "value", `MCKH ${code ?? ""}`);
}
