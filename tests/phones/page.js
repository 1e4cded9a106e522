// The page of the local stack: shows each state that the server sends.

import { startLanguage } from "./language.js";
import { listen } from "./server.js";
import { showMap, startMap } from "./map.js";
import { showJourney, startJourney } from "./journey.js";
import { showWays } from "./dots.js";
import { newMessages, waysBetween } from "./steps.js";
import { showPhones } from "./phones.js";
import { showPush, startPush } from "./push.js";
import { startEvening } from "./evening.js";
import { showFaults, startFaults } from "./faults.js";
import { showConnection, showNews, startNews } from "./news.js";

const VIEWS = [showMap, showJourney, showPhones, showPush, showFaults];

let state = null;

function show() {
  if (state) for (const view of VIEWS) view(state);
}

function changed(next) {
  const before = state;
  state = next;
  show();
  showConnection(true, state);
  if (!before) return;
  showWays(waysBetween(before, next));
  showNews(newMessages(before, next));
}

startLanguage(show);
startNews();
startMap(show);
startJourney();
startPush();
startEvening();
startFaults();
listen(changed, (isLive) => showConnection(isLive, state));
