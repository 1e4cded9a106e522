// The language of the page: Vietnamese or English.

import { WORDS } from "./words.js";
import { setAttribute, setText } from "./dom.js";

const STORED_AS = "language";
const LANGUAGES = ["vi", "en"];

let language = stored() ?? (navigator.language.toLowerCase().startsWith("vi") ? "vi" : "en");
const said = new Map();

// A text of words.js. `{name}` is replaced by the value of that name. "one|many" is chosen by the value `n`.
export function word(key, values = {}) {
  const forms = WORDS[key][LANGUAGES.indexOf(language)].split("|");
  const text = forms.length > 1 && values.n !== 1 ? forms[1] : forms[0];
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

// The text in the page's language where the server gives both.
export const either = (vi, en) => (language === "vi" ? vi : en);

// Writes a text that is written again when the language changes.
export function say(node, text) {
  said.set(node, text);
  setText(node, text());
}

export function startLanguage(changed) {
  for (const button of document.querySelectorAll("[data-language]")) {
    button.addEventListener("click", () => {
      language = button.dataset.language;
      store();
      apply();
      changed();
    });
  }
  apply();
}

function apply() {
  document.documentElement.lang = language;
  document.title = word("title");
  for (const button of document.querySelectorAll("[data-language]")) {
    setAttribute(button, "aria-pressed", button.dataset.language === language);
  }
  for (const node of document.querySelectorAll("[data-word]")) setText(node, word(node.dataset.word));
  for (const node of document.querySelectorAll("[data-label]")) setAttribute(node, "aria-label", word(node.dataset.label));
  for (const node of document.querySelectorAll("[data-placeholder]")) setAttribute(node, "placeholder", word(node.dataset.placeholder));
  for (const [node, text] of said) setText(node, text());
}

// A browser may forbid storage.
function stored() {
  try {
    return LANGUAGES.find((known) => known === localStorage.getItem(STORED_AS));
  } catch {
    return undefined;
  }
}

function store() {
  try {
    localStorage.setItem(STORED_AS, language);
  } catch {
    // The choice lasts until the page is closed.
  }
}
