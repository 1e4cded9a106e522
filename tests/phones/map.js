// The picture of the architecture, with what each box has counted.

import { byId, drawn, setAttribute, setText } from "./dom.js";
import { word } from "./language.js";
import { BOXES, LINES, TALL, WIDE, endsOf, frameOf } from "./layout.js";

const narrow = matchMedia("(max-width: 62rem)");

// `redrawn` is called when the map was turned and has no counts yet.
export function startMap(redrawn) {
  draw();
  narrow.addEventListener("change", () => {
    draw();
    redrawn();
  });
}

export const currentLayout = () => (narrow.matches ? TALL : WIDE);

export const boxOf = (name) => byId("map").querySelector(`[data-box="${name}"]`);

export function showMap(state) {
  const counts = countsOf(state);
  for (const name of Object.keys(BOXES)) {
    const [number, unit, values] = counts[name];
    const box = boxOf(name);
    setText(box.querySelector(".number"), String(number));
    setText(box.querySelector(".unit"), word(unit, { n: number, ...values }));
    setAttribute(box, "data-faulty", isFaulty(name, state.faults) ? "yes" : null);
  }
  writeWords();
}

function draw() {
  const layout = currentLayout();
  const svg = byId("map");
  setAttribute(svg, "viewBox", `0 0 ${layout.size.join(" ")}`);
  setAttribute(svg, "data-turned", layout.turned ? "yes" : null);
  svg.replaceChildren(
    arrowhead(),
    ...Object.keys(LINES).map((name) => drawLine(name, layout)),
    ...Object.entries(BOXES).map(([name, box]) => drawBox(name, box, layout)),
    drawn("g", { id: "dots" }),
  );
  writeWords();
}

function arrowhead() {
  const marker = { id: "arrow", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 8, markerHeight: 8, orient: "auto" };
  return drawn("defs", {}, drawn("marker", marker, drawn("path", { d: "M1 1 7 4 1 7", class: "arrow" })));
}

function drawLine(name, layout) {
  const ends = endsOf(name, layout);
  const { label, longLabel } = LINES[name];
  const group = drawn("g", { "data-line": name }, drawn("line", { ...ends, class: "line", "marker-end": "url(#arrow)" }));
  const fits = label && !(longLabel && layout.turned);
  if (fits) group.append(drawn("text", { ...labelPlace(ends, layout, name), "data-map-word": label }));
  return group;
}

function labelPlace({ x1, y1, x2, y2 }, { turned }, name) {
  const isBelow = LINES[name].aside > 0;
  const [x, y] = [(x1 + x2) / 2, (y1 + y2) / 2];
  if (turned) return { x: x + 8, y: y + 4, class: "label beside" };
  return { x, y: y + (isBelow ? 18 : -8), class: "label" };
}

function drawBox(name, box, layout) {
  const frame = frameOf(box, layout);
  const [x, y] = [frame.x + frame.width / 2, frame.y + frame.height / 2];
  const tall = frame.height > 120;
  return drawn(
    "g",
    { "data-box": name, "data-look": box.look ?? "function" },
    drawn("rect", { ...frame, rx: box.look === "handset" ? 20 : 10 }),
    ...ornament(box.look, frame, layout),
    drawn("text", { x, y: y - (tall ? 38 : 15), class: "name", "data-map-word": name }),
    drawn("text", { x, y: y - (tall ? 20 : -1), class: "sub", "data-map-word": `${name}Sub` }),
    drawCount(x, y, tall),
  );
}

// Number and unit are one line, or two where the box is tall.
function drawCount(x, y, tall) {
  const unit = drawn("tspan", { class: "unit", ...(tall ? { x, dy: 20 } : { dx: 4 }) });
  const place = { x, y: y + (tall ? 24 : 22), class: tall ? "count tall" : "count" };
  return drawn("text", place, drawn("tspan", { class: "number" }), unit);
}

// A table has a second edge; a handset has its loudspeaker, and where there is room, a message in each lane.
function ornament(look, { x, y, width, height }, { turned, lanes }) {
  const path = (d) => drawn("path", { d, class: "ornament" });
  if (look === "table") return [path(turned ? `M${x + 9} ${y}v${height}` : `M${x} ${y + 9}h${width}`)];
  if (look !== "handset") return [];
  if (turned) return [path(`M${x + 9} ${y + height / 2 - 12}v24`)];
  const bubble = (kind, lane, left, top) =>
    drawn("rect", { x: x + left, y: lanes[lane][0] + top, width: 62, height: 16, rx: 8, class: "sms", "data-kind": kind });
  const speaker = path(`M${x + width / 2 - 14} ${y + 8}h28`);
  return [speaker, bubble("result", 0, 14, 32), bubble("inquiry", 2, width - 76, 18), bubble("reply", 2, 14, 46)];
}

function writeWords() {
  const svg = byId("map");
  setAttribute(svg, "aria-label", word("mapLabel"));
  for (const node of svg.querySelectorAll("[data-map-word]")) setText(node, word(node.dataset.mapWord));
}

// Each box: its number, its unit, the values of the unit's text.
function countsOf({ dossiers, outbox, phones }) {
  const notices = dossiers.flatMap((dossier) => dossier.notices);
  const count = (list, is) => list.filter(is).length;
  const apologies = count(notices, ({ kind }) => kind === "apology");
  const delivered = count(notices, ({ delivery }) => delivery === "delivered");
  const lost = count(notices, ({ delivery }) => delivery === "undelivered");
  const inquiries = count(phones.flatMap(({ messages }) => messages), ({ kind }) => kind === "inquiry");
  const changes = sum(dossiers.map(({ revision }) => revision));
  return {
    software: [changes, "unitChanges"],
    intake: [changes, "unitStored"],
    dossiers: [dossiers.length, "unitDossiers"],
    notify: [notices.length - apologies, "unitNotices"],
    apology: [apologies, "unitApologies"],
    lookup: [inquiries, "unitInquiries"],
    outbox: [sum(Object.values(outbox)), "unitOutbox", { waiting: outbox.pending + outbox.sending }],
    sender: [outbox.sent, outbox.failed ? "unitSentFailed" : "unitSent", { failed: outbox.failed }],
    receipts: [delivered, lost ? "unitUndelivered" : "unitDelivered", { lost }],
    phone: [phones.length, "unitPhones"],
  };
}

const sum = (numbers) => numbers.reduce((a, b) => a + b, 0);

function isFaulty(box, { sns, table, receipts }) {
  const fault = { sender: sns, outbox: table, receipts }[box];
  return Boolean(fault) && fault !== "none";
}
