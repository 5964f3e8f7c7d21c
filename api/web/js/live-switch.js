// The button that says whether the wall is live, and pauses it.

import { button, element } from "./element.js";
import { icon } from "./icons.js";

const WORDS = { waiting: "Connecting", live: "Live", paused: "Paused", away: "Reconnecting" };

/** `{node, paused, say}`: `turned()` is called when it was paused or let go; `say(state)` tells of the line. */
export function makeLiveSwitch(turned) {
  const word = element("span", {}, WORDS.waiting);
  const node = button(
    ".live",
    turn,
    { "aria-pressed": "false", "data-state": "waiting" },
    element("span.lamp"),
    word,
    icon("pause"),
  );
  let paused = false;

  function turn() {
    paused = !paused;
    node.setAttribute("aria-pressed", String(paused));
    node.lastElementChild.replaceWith(icon(paused ? "play" : "pause"));
    say(paused ? "paused" : "live");
    turned();
  }

  function say(state) {
    const shown = state === "live" && paused ? "paused" : state;
    node.dataset.state = shown;
    word.textContent = WORDS[shown];
  }

  return {
    node,
    say,
    get paused() {
      return paused;
    },
  };
}
