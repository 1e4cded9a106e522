// A dot goes along the map's lines for each step that a message takes. Who prefers less motion sees the boxes light up.

import { byId, drawn } from "./dom.js";
import { endsOf } from "./layout.js";
import { boxOf, currentLayout } from "./map.js";

const ONE_LINE_MS = 480;
const BETWEEN_DOTS_MS = 110;
const LIT_MS = 900;
// More at once would hide the map.
const MOST_DOTS = 14;

const lessMotion = matchMedia("(prefers-reduced-motion: reduce)");

export function showWays(ways) {
  if (document.hidden) return;
  ways.slice(0, MOST_DOTS).forEach((way, index) => {
    if (lessMotion.matches) light(...way.lines.flatMap((line) => line.split("-")));
    else setTimeout(() => travel(way), index * BETWEEN_DOTS_MS);
  });
}

async function travel({ kind, lines }) {
  const dot = drawn("circle", { r: 6, class: "dot", "data-kind": kind });
  byId("dots").append(dot);
  light(lines[0].split("-")[0]);
  for (const line of lines) {
    await along(dot, endsOf(line, currentLayout()));
    light(line.split("-")[1]);
  }
  dot.remove();
}

function along(dot, { x1, y1, x2, y2 }) {
  const places = [[x1, y1], [x2, y2]].map(([x, y]) => ({ transform: `translate(${x}px, ${y}px)` }));
  return dot.animate(places, { duration: ONE_LINE_MS, easing: "ease-in-out", fill: "forwards" }).finished;
}

const timers = new WeakMap();

function light(...names) {
  for (const box of new Set(names.map(boxOf))) {
    box.classList.add("lit");
    clearTimeout(timers.get(box));
    timers.set(box, setTimeout(() => box.classList.remove("lit"), LIT_MS));
  }
}
