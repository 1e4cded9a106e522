// What happened between two states: which way each message took on the map, and which messages are new.

const PUSHED = ["software-intake", "intake-dossiers"];
const SENT = ["outbox-sender", "sender-phone"];
const REPORTED = ["phone-receipts", "receipts-outbox"];

// The ways, each `{ kind, lines }` with the names of the map's lines in order.
export function waysBetween(before, after) {
  const known = new Map(before.dossiers.map((dossier) => [dossier.receipt_code, dossier]));
  const ofDossiers = after.dossiers.flatMap((dossier) => waysOfDossier(known.get(dossier.receipt_code), dossier));
  return [...ofDossiers, ...waysOfTexts(newMessages(before, after))];
}

export function newMessages(before, after) {
  const known = new Set(before.phones.flatMap((phone) => phone.messages.map((message) => message.id)));
  return after.phones.flatMap(({ phone, messages }) =>
    messages.filter((message) => !known.has(message.id)).map((message) => ({ ...message, phone })),
  );
}

// A notice that a change requires follows the change on one way.
function waysOfDossier(before, after) {
  const wasPushed = before?.revision !== after.revision;
  const known = new Map((before?.notices ?? []).map((notice) => [notice.notice, notice]));
  const ways = after.notices
    .map((notice) => ({ kind: notice.kind, lines: linesOfNotice(known.get(notice.notice), notice) }))
    .filter((way) => way.lines.length > 0);
  if (!wasPushed) return ways;
  const follows = ways.findIndex((way) => way.lines[0] === "dossiers-notify");
  const [first] = follows < 0 ? [{ kind: "push", lines: ["dossiers-notify"] }] : ways.splice(follows, 1);
  return [{ kind: first.kind, lines: [...PUSHED, ...first.lines] }, ...ways];
}

function linesOfNotice(before, after) {
  const lines = [];
  if (!before && after.kind === "apology") lines.push("dossiers-apology", "apology-outbox");
  if (!before && after.kind !== "apology") lines.push("dossiers-notify", "notify-outbox");
  if (before?.state !== "sent" && after.state === "sent") lines.push(...SENT);
  else if (after.attempts > (before?.attempts ?? 0)) lines.push(SENT[0]);
  if (!before?.delivery && after.delivery) lines.push(...REPORTED);
  return lines;
}

function waysOfTexts(messages) {
  const lines = { inquiry: ["phone-lookup", "dossiers-lookup"], reply: ["lookup-phone"] };
  return messages.filter(({ kind }) => kind in lines).map(({ kind }) => ({ kind, lines: lines[kind] }));
}
