// Where the boxes and lines of the map are. Stages follow one another on the way of a message; lanes are the three
// ways that lead from a dossier to a citizen: notices, apologies, answers of 8083. On a wide page stages go from left to
// right and lanes lie below each other; on a narrow page the map is turned by a quarter.

export const BOXES = {
  software: { stage: 0, lanes: [1, 1], lanesTurned: [0, 2] },
  intake: { stage: 1, lanes: [1, 1], lanesTurned: [0, 2] },
  dossiers: { stage: 2, lanes: [0, 2], look: "table" },
  notify: { stage: 3, lanes: [0, 0] },
  apology: { stage: 3, lanes: [1, 1] },
  lookup: { stage: 3, lanes: [2, 2] },
  outbox: { stage: 4, lanes: [0, 1], look: "table" },
  sender: { stage: 5, lanes: [0, 0] },
  receipts: { stage: 5, lanes: [1, 1] },
  phone: { stage: 6, lanes: [0, 2], look: "handset" },
};

// `aside`: pixels beside the middle of the lane, for two lines in one lane.
export const LINES = {
  "software-intake": { lane: 1 },
  "intake-dossiers": { lane: 1 },
  "dossiers-notify": { lane: 0, label: "edgeStream" },
  "notify-outbox": { lane: 0 },
  "outbox-sender": { lane: 0 },
  "sender-phone": { lane: 0 },
  "dossiers-apology": { lane: 1, label: "edgeEvening" },
  "apology-outbox": { lane: 1 },
  "phone-receipts": { lane: 1 },
  "receipts-outbox": { lane: 1 },
  "dossiers-lookup": { lane: 2 },
  "phone-lookup": { lane: 2, aside: -14, label: "edgeQuestion", longLabel: true },
  "lookup-phone": { lane: 2, aside: 14, label: "edgeReply", longLabel: true },
};

// Each stage and each lane: [start, length] in pixels.
export const WIDE = {
  turned: false,
  size: [1200, 282],
  stages: [[1, 150], [190, 128], [358, 116], [534, 150], [724, 124], [888, 146], [1074, 125]],
  lanes: [[1, 80], [101, 80], [201, 80]],
};
export const TALL = {
  turned: true,
  size: [328, 706],
  stages: [[1, 70], [95, 70], [189, 70], [301, 84], [419, 70], [517, 84], [635, 70]],
  lanes: [[1, 102], [113, 102], [225, 102]],
};

// An arrow ends this far before its box.
const TIP = 3;

export function frameOf(box, { turned, stages, lanes }) {
  const [along, length] = stages[box.stage];
  const [first, last] = (turned && box.lanesTurned) || box.lanes;
  const across = lanes[first][0];
  const breadth = lanes[last][0] + lanes[last][1] - across;
  return turned
    ? { x: across, y: along, width: breadth, height: length }
    : { x: along, y: across, width: length, height: breadth };
}

// The two ends of the line `name`.
export function endsOf(name, { turned, stages, lanes }) {
  const [from, to] = name.split("-").map((box) => stages[BOXES[box].stage]);
  const { lane, aside = 0 } = LINES[name];
  const across = lanes[lane][0] + lanes[lane][1] / 2 + aside;
  const forward = from[0] < to[0];
  const start = forward ? from[0] + from[1] : from[0];
  const end = forward ? to[0] - TIP : to[0] + to[1] + TIP;
  return turned ? { x1: across, y1: start, x2: across, y2: end } : { x1: start, y1: across, x2: end, y2: across };
}
