// Age labels that count up while they are on the page, with one timer for all of them.

import { ageLong, ageShort, publishedAt_ms, freshness } from "./age.js";
import { element } from "./dom.js";

const ages = new Set();

/** A label for an age of `age_s` at `received_ms`. */
export function ageLabel(age_s, received_ms = Date.now()) {
  const shown = element("span", { "aria-hidden": "true" });
  const spoken = element("span.visually-hidden");
  const node = element("span.age", {}, shown, spoken);
  const age = { node, shown, spoken, published_ms: publishedAt_ms(age_s, received_ms) };
  ages.add(age);
  write(age, Date.now());
  return age.node;
}

/** Starts the timer. */
export function startAgeLabels() {
  setInterval(() => {
    const now_ms = Date.now();
    for (const age of ages) {
      if (age.node.isConnected) write(age, now_ms);
      else if (now_ms - age.published_ms > 0 && age.wasShown) ages.delete(age);
    }
  }, 500);
}

function write(age, now_ms) {
  age.wasShown ||= age.node.isConnected;
  const age_s = (now_ms - age.published_ms) / 1000;
  const text = ageShort(age_s);
  if (age.shown.textContent === text) return;
  age.shown.textContent = text;
  age.spoken.textContent = ageLong(age_s);
  age.node.dataset.freshness = freshness(age_s);
}
