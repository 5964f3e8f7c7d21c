// Ages that tick: one clock for all of them.

import { ageLong, ageShort, bornAt_ms, heat } from "./age.js";
import { element } from "./element.js";

const ages = new Set();

/** An age that keeps counting from `age_s`, which the service said at `heard_ms`, as long as it is on the page. */
export function ticking(age_s, heard_ms = Date.now()) {
  const shown = element("span", { "aria-hidden": "true" });
  const heard = element("span.unseen");
  const age = { node: element("span.age", {}, shown, heard), shown, heard, born_ms: bornAt_ms(age_s, heard_ms) };
  ages.add(age);
  write(age, Date.now());
  return age.node;
}

/** Starts the clock. */
export function startTicking() {
  setInterval(() => {
    const now_ms = Date.now();
    for (const age of ages) {
      if (age.node.isConnected) write(age, now_ms);
      else if (now_ms - age.born_ms > 0 && age.hung) ages.delete(age);
    }
  }, 500);
}

function write(age, now_ms) {
  age.hung ||= age.node.isConnected;
  const age_s = (now_ms - age.born_ms) / 1000;
  const text = ageShort(age_s);
  if (age.shown.textContent === text) return;
  age.shown.textContent = text;
  age.heard.textContent = ageLong(age_s);
  age.node.dataset.heat = heat(age_s);
}
