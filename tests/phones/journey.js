// The last changes, or one dossier, as the list of the stages they have reached: the text of the map's picture.

import { byId, element, keyed, setAttribute, setText } from "./dom.js";
import { either, word } from "./language.js";
import { canonical, instant, toSecondsOf } from "./spelling.js";
import { deliveryInWords, reasonInWords } from "./reasons.js";

const MOST_CHANGES = 3;

let shown = null;

export function startJourney() {
  byId("follow").addEventListener("input", () => shown && showJourney(shown));
}

export function showJourney(state) {
  shown = state;
  const wanted = canonical(byId("follow").value);
  const dossiers = wanted ? followed(state.dossiers, wanted) : latest(state.dossiers);
  setText(byId("changes-empty"), dossiers.length ? "" : word(wanted ? "noSuchDossier" : "noDossiers"));
  keyed(byId("changes"), dossiers, {
    key: (dossier) => dossier.receipt_code,
    create: createChange,
    update: (node, dossier) => updateChange(node, dossier, { now: state.now, isFollowed: Boolean(wanted) }),
  });
}

function followed(dossiers, code) {
  const exact = dossiers.filter((dossier) => dossier.receipt_code === code);
  return exact.length ? exact : dossiers.filter((dossier) => dossier.receipt_code.includes(code)).slice(0, MOST_CHANGES);
}

function latest(dossiers) {
  return [...dossiers].sort((a, b) => changedAt(b) - changedAt(a)).slice(0, MOST_CHANGES);
}

function changedAt(dossier) {
  const times = dossier.notices.flatMap((notice) => [notice.enqueued_at, notice.sent_at, notice.delivery_at]);
  return Math.max(...[dossier.changed_at, ...times].map(instant));
}

function createChange(dossier) {
  return element(
    "li",
    { class: "change", "data-dossier": dossier.receipt_code },
    element("h4", { class: "code" }),
    element("p", { class: "procedure", lang: "vi" }),
    element("p", { class: "where", lang: "vi" }),
    element("ol", { class: "stages" }),
  );
}

function updateChange(node, dossier, { now, isFollowed }) {
  setText(node.querySelector(".code"), dossier.receipt_code);
  setText(node.querySelector(".procedure"), dossier.procedure);
  setText(node.querySelector(".where"), [dossier.step, dossier.status, dossier.unit].filter(Boolean).join(" · "));
  keyed(node.querySelector(".stages"), stagesOf(dossier, isFollowed), {
    key: (stage) => stage.key,
    create: createStage,
    update: (item, stage) => updateStage(item, stage, now),
  });
}

// `mark`: done, waiting, bad or over.
function stagesOf(dossier, isFollowed) {
  const isRead = dossier.notices.length > 0 || dossier.nothing;
  return [
    { stage: "pushed", mark: "done", detail: word("revision", { n: dossier.revision }) },
    { stage: "stored", mark: "done", at: dossier.changed_at },
    { stage: "stream", mark: isRead ? "done" : "waiting", detail: word(isRead ? "streamRead" : "waiting") },
    ...stagesAfterStream(dossier, isFollowed),
  ].map((stage) => ({ ...stage, key: `${stage.notice ?? ""} ${stage.stage}` }));
}

// All notices of the dossier that is followed, else the newest. A change may require nothing, and the evening an apology
// after it: then the apology is shown.
function stagesAfterStream({ notices, nothing, changed_at }, isFollowed) {
  const sorted = newestFirst(notices);
  const endsHere = nothing && !(instant(sorted[0]?.enqueued_at) >= instant(changed_at));
  const reason = endsHere ? [{ stage: "nothing", mark: "over", detail: either(nothing.sentence_vi, nothing.sentence_en), wide: true }] : [];
  const shownNotices = isFollowed ? sorted : sorted.slice(0, endsHere ? 0 : 1);
  return [...reason, ...shownNotices.flatMap(stagesOfNotice)];
}

const newestFirst = (notices) => [...notices].sort((a, b) => instant(b.enqueued_at) - instant(a.enqueued_at));

function stagesOfNotice(notice) {
  const row = { stage: "outbox", mark: MARKS[notice.state], detail: rowInWords(notice), at: notice.enqueued_at };
  const goesOn = !["failed", "cancelled", "expired"].includes(notice.state);
  const stages = goesOn ? [row, smsOf(notice), receiptOf(notice)] : [{ ...row, wide: true }];
  return stages.map((stage) => ({ ...stage, notice: notice.notice }));
}

const MARKS = { pending: "waiting", sending: "waiting", sent: "done", failed: "bad", cancelled: "over", expired: "over" };

function rowInWords({ notice, kind, state, reason }) {
  const name = word(`kind_${kind}`);
  const what = `${notice.endsWith("#again") ? word("again", { kind: name }) : name} · ${word(`state_${state}`)}`;
  return reason && ["failed", "cancelled"].includes(state) ? word("because", { what, why: reasonInWords(reason) }) : what;
}

function smsOf({ state, sent_at, attempts, reason }) {
  if (state === "sent") return { stage: "sms", mark: "done", at: sent_at };
  if (!attempts || !reason) return { stage: "sms", mark: "waiting", detail: word("waiting") };
  const detail = word("because", { what: word("tried", { n: attempts }), why: reasonInWords(reason) });
  return { stage: "sms", mark: "waiting", detail };
}

function receiptOf({ delivery, delivery_at, reason }) {
  const marks = { delivered: "done", undelivered: "bad", unknown: "over" };
  if (!delivery) return { stage: "delivery", mark: "waiting", detail: word("waiting") };
  return { stage: "delivery", mark: marks[delivery], detail: deliveryInWords(delivery, reason), at: delivery_at };
}

function createStage({ stage, notice }) {
  const attributes = { class: "stage", "data-stage": stage, ...(notice ? { "data-notice": notice } : {}) };
  const parts = ["name", "detail", "at"].map((name) => element(name === "at" ? "time" : "span", { class: `stage-${name}` }));
  return element("li", attributes, ...parts);
}

function updateStage(node, { stage, mark, detail, at, wide }, now) {
  setAttribute(node, "data-mark", mark);
  setAttribute(node, "data-wide", wide ? "yes" : null);
  setText(node.querySelector(".stage-name"), word(`stage_${stage}`));
  setText(node.querySelector(".stage-detail"), detail ?? "");
  const time = node.querySelector(".stage-at");
  setText(time, at ? toSecondsOf(at, now) : "");
  setAttribute(time, "datetime", at);
}
