// The form that changes a dossier, as one-stop software does, and what follows from the change.

import { byId, element, keyed, setAttribute, setText } from "./dom.js";
import { either, say, word } from "./language.js";
import { canonical, dayInWords, instant, spacedPhone } from "./spelling.js";
import { reasonInWords } from "./reasons.js";
import { inWords, once, post } from "./server.js";

const LISTS = { step: "steps", status: "statuses", unit: "units" };
const RESULT_STEP = "Trả kết quả";

let state = null;
let pushed = null;

export function startPush() {
  const form = byId("push");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    once(form.querySelector("button"), () => push(form));
  });
  form.elements.receipt_code.addEventListener("input", () => state && showPush(state));
}

export function showPush(next) {
  const isFirst = !state;
  state = next;
  const form = byId("push");
  showCodes();
  showKept(form);
  if (isFirst) suggest(form);
  say(byId("push-follows"), followsInWords);
}

function showCodes() {
  keyed(byId("codes"), state.dossiers, {
    key: (dossier) => dossier.receipt_code,
    create: (dossier) => element("option", { value: dossier.receipt_code }),
    update: (option, dossier) => setAttribute(option, "label", [dossier.step, dossier.procedure].join(" · ")),
  });
}

// What stays if a field is left as it is.
function showKept(form) {
  const code = canonical(form.elements.receipt_code.value);
  const dossier = dossierOf(code);
  for (const [field, list] of Object.entries(LISTS)) {
    fillSelect(form.elements[field], state[list], dossier ? word("keep", { now: dossier[field] }) : word("standard"));
  }
  setText(byId("code-hint"), word(!code || dossier ? "codeHint" : "codeNew"));
  setText(byId("phone-hint"), dossier ? phoneHint(dossier) : "");
  setText(byId("appointment-hint"), dossier ? word("appointmentNow", { day: dayInWords(dossier.appointment_on) }) : "");
}

const dossierOf = (code) => state.dossiers.find((dossier) => dossier.receipt_code === code);

function phoneHint({ phone }) {
  return phone ? word("phoneNow", { phone: spacedPhone(phone) }) : word("phoneNone");
}

function fillSelect(select, names, keep) {
  keyed(select, ["", ...names.filter(Boolean)], {
    key: (name) => name,
    create: (name) => element("option", { value: name }, name),
    update: (option, name) => name || setText(option, keep),
  });
}

// A first change that is worth seeing: an open dossier with a phone reaches its result.
function suggest(form) {
  const { receipt_code, step } = form.elements;
  const open = state.dossiers.find(willBeTold);
  if (!open || receipt_code.value) return;
  receipt_code.value = open.receipt_code;
  step.value = RESULT_STEP;
  showKept(form);
}

function willBeTold({ phone, notices, step, nothing }) {
  return phone && !notices.length && step !== RESULT_STEP && nothing?.why === "not_a_notice_step";
}

async function push(form) {
  const fields = filledIn(form);
  if (!fields.receipt_code) return codeMissing(form);
  const code = canonical(fields.receipt_code);
  const before = dossierOf(code);
  pushed = null;
  showResult({});
  try {
    const { warning } = await post("push", fields);
    pushed = { code, revision: before?.revision ?? 0 };
    showResult({ stored: () => [word("stored", { code }), warning && reasonInWords(warning)].filter(Boolean).join(" ") });
    keepAll(form);
  } catch (refusal) {
    showResult({ error: inWords(refusal) });
  }
  showPush(state);
}

function filledIn(form) {
  const fields = [...new FormData(form)].map(([name, value]) => [name, value.trim()]);
  const { no_phone, ...filled } = Object.fromEntries(fields.filter(([, value]) => value));
  return no_phone ? { ...filled, phone: "" } : filled;
}

function codeMissing(form) {
  showResult({ error: () => word("codeMissing") });
  setAttribute(form.elements.receipt_code, "aria-invalid", "true");
  form.elements.receipt_code.focus();
}

const nothingToSay = () => "";

function showResult({ stored = nothingToSay, error = nothingToSay }) {
  setAttribute(byId("push").elements.receipt_code, "aria-invalid", null);
  say(byId("push-error"), error);
  say(byId("push-result"), stored);
}

function keepAll(form) {
  for (const field of [...Object.keys(LISTS), "phone", "appointment_on"]) form.elements[field].value = "";
  form.elements.no_phone.checked = false;
}

// What the pushed change requires, or why it requires nothing.
function followsInWords() {
  const dossier = pushed && dossierOf(pushed.code);
  if (!dossier) return "";
  const required = dossier.notices.filter(({ notice }) => revisionOf(notice) > pushed.revision);
  if (required.length) return word("requires", { kind: word(`kind_${newest(required).kind}`) });
  if (dossier.revision > pushed.revision && dossier.nothing) return either(dossier.nothing.sentence_vi, dossier.nothing.sentence_en);
  return word("requiresWaiting");
}

// Of the change that requires it: `result#3`, `supplement#2#again`. An apology is required by no change.
const revisionOf = (notice) => Number(/^(?:result|supplement)#(\d+)/.exec(notice)?.[1] ?? 0);

const newest = (notices) => notices.reduce((a, b) => (instant(b.enqueued_at) > instant(a.enqueued_at) ? b : a));
