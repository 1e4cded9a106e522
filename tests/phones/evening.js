// The button that runs 17:30 now.

import { byId } from "./dom.js";
import { say, word } from "./language.js";
import { inWords, once, post } from "./server.js";

export function startEvening() {
  const button = byId("evening");
  button.addEventListener("click", () => once(button, run));
}

async function run() {
  const result = byId("evening-result");
  say(result, () => "");
  try {
    const { planned } = await post("evening", {});
    say(result, () => word("planned", { n: planned }));
  } catch (refusal) {
    say(result, inWords(refusal));
  }
}
