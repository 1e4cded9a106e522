// The faults that can be switched on, and the banner that says which are on.

import { byId, setText } from "./dom.js";
import { say, word } from "./language.js";
import { inWords, post } from "./server.js";

const asked = new Set();
let faults = null;

export function startFaults() {
  for (const group of groups()) {
    group.addEventListener("change", (event) => choose(group.dataset.fault, event.target.value));
  }
}

export function showFaults(state) {
  faults = state.faults;
  for (const group of groups()) {
    // Until the server has answered, the choice of the person stands.
    const chosen = group.querySelector(`input[value="${faults[group.dataset.fault]}"]`);
    if (chosen && !asked.has(group.dataset.fault)) chosen.checked = true;
  }
  const on = Object.entries(faults).filter(([, fault]) => fault !== "none");
  const names = on.map(([part, fault]) => word(`banner_${part}_${fault}`)).join("; ");
  setText(byId("fault-banner"), names && word("banner", { faults: names }));
}

async function choose(part, fault) {
  asked.add(part);
  say(byId("fault-error"), () => "");
  try {
    await post("faults", { [part]: fault });
    asked.delete(part);
  } catch (refusal) {
    asked.delete(part);
    showFaults({ faults });
    say(byId("fault-error"), inWords(refusal));
  }
}

const groups = () => document.querySelectorAll("[data-fault]");
