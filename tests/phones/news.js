// One line about the newest messages, for eyes and for screen readers, and the state of the connection.

import { byId, setAttribute } from "./dom.js";
import { say, word } from "./language.js";
import { spacedPhone, toSeconds } from "./spelling.js";

export function startNews() {
  say(byId("news"), () => word("newsNone"));
  say(byId("connection"), () => word("connecting"));
  say(byId("day"), () => "");
}

export function showNews(messages) {
  const told = messages.filter((message) => message.kind !== "reply" || messages.length === 1);
  if (told.length) say(byId("news"), () => newsInWords(told));
}

// The accounts and their passwords are where `make run` was typed.
function showDesk(address) {
  setAttribute(byId("desk").firstElementChild, "href", address);
  setAttribute(byId("desk"), "hidden", null);
}

function newsInWords(messages) {
  const phones = new Set(messages.map((message) => message.phone)).size;
  if (messages.length > 1) return word("newsMany", { n: messages.length, phones });
  const [{ phone, kind, from }] = messages;
  const values = { phone: spacedPhone(phone), kind: word(`kind_${kind}`) };
  return word(from === "citizen" ? "newsAsked" : "newsGot", values);
}

export function showConnection(isLive, state) {
  const key = isLive ? (state ? "live" : "connecting") : "lost";
  setAttribute(byId("connection"), "data-state", key);
  say(byId("connection"), () => word(key, { time: toSeconds(state?.now) }));
  if (state) say(byId("day"), () => word(state.day === "over" ? "dayOver" : "dayPlaying"));
  if (state?.desk) showDesk(state.desk);
}
