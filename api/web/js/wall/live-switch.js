// The button that shows whether the wall is live, and pauses it.

import { button, element } from "../ui/dom.js";
import { icon } from "../ui/icons.js";

const WORDS = { waiting: "Connecting", live: "Live", paused: "Paused", disconnected: "Reconnecting" };

/** `{node, paused, say}`: calls `toggled()` when the user pauses or resumes; `say(state)` shows the connection. */
export function makeLiveSwitch(toggled) {
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
    toggled();
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
