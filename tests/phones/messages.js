// The bubbles of one phone.

import { element, keyed, setAttribute, setText } from "./dom.js";
import { word } from "./language.js";
import { toMinutes } from "./spelling.js";
import { deliveryInWords } from "./reasons.js";

const NOTICES = ["result", "supplement", "apology"];

export function showMessages(list, messages) {
  const before = list.lastElementChild;
  keyed(list, messages, { key: (message) => message.id, create, update });
  // A list that scrolls must be reachable by keyboard.
  setAttribute(list, "tabindex", list.scrollHeight > list.clientHeight ? 0 : null);
  if (list.lastElementChild !== before && list !== document.activeElement) showLast(list);
}

// The end of the list, but the beginning of a message that is longer than the list.
function showLast(list) {
  const last = list.lastElementChild;
  if (last) list.scrollTop = Math.min(list.scrollHeight, last.offsetTop - list.offsetTop - 8);
}

function create(message) {
  return element(
    "li",
    { class: "bubble", "data-message": message.id, "data-from": message.from, "data-kind": message.kind },
    element("p", { class: "kind" }),
    element("p", { class: "text", lang: "vi" }, message.text),
    element("p", { class: "meta" }, element("time"), element("span", { class: "parts" }), element("span", { class: "delivery" })),
  );
}

function update(node, message) {
  const isNotice = NOTICES.includes(message.kind);
  setText(node.querySelector(".kind"), word(`kind_${message.kind}`));
  setText(node.querySelector("time"), toMinutes(message.at));
  setAttribute(node.querySelector("time"), "datetime", message.at);
  setText(node.querySelector(".parts"), message.from === "office" ? word("parts", { n: message.parts }) : "");
  setAttribute(node, "data-delivery", isNotice ? message.delivery ?? "none" : null);
  setText(node.querySelector(".delivery"), isNotice ? deliveryInWords(message.delivery, message.reason) : "");
}
