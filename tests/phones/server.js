// The local server: its states as they come, and what is asked of it.

import { either, word } from "./language.js";

const AGAIN_AFTER_MS = 3000;

// `connected` is told false when the connection is lost. The browser connects again by itself, except after an answer
// that is no event stream (a server that is just starting).
export function listen(changed, connected) {
  const source = new EventSource("events");
  source.onopen = () => connected(true);
  source.onmessage = (event) => changed(JSON.parse(event.data));
  source.onerror = () => {
    connected(false);
    if (source.readyState === EventSource.CLOSED) setTimeout(() => listen(changed, connected), AGAIN_AFTER_MS);
  };
}

// What the server answers, or throws a Refusal.
export async function post(path, body) {
  const request = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
  const response = await fetch(path, request).catch(() => null);
  const answer = await response?.json().catch(() => null);
  if (response?.ok) return answer ?? {};
  throw new Refusal(answer);
}

class Refusal extends Error {
  constructor(answer) {
    super(answer?.error_en);
    this.answer = answer;
  }

  inWords() {
    return either(this.answer?.error_vi, this.answer?.error_en) ?? word("unreachable");
  }
}

// Runs `send` unless it is running already. `control` keeps the focus: a disabled one would lose it.
export async function once(control, send) {
  if (control.getAttribute("aria-disabled") === "true") return;
  control.setAttribute("aria-disabled", "true");
  try {
    await send();
  } finally {
    control.removeAttribute("aria-disabled");
  }
}

// Why `error` happened, in words; an error of the page itself is thrown on.
export function inWords(error) {
  if (error instanceof Refusal) return () => error.inWords();
  throw error;
}
