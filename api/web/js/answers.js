// The answers to a question: tiles, more of them, or why there are none. Questions may follow a moving box.

import { announce } from "./announce.js";
import { button, element } from "./element.js";
import { follower } from "./follow.js";
import { count } from "./labels.js";
import { noticeOf } from "./notices.js";
import { patiently } from "./picture.js";
import { rove } from "./roving.js";
import { tileBone, makeTile } from "./tile.js";

const BONES = 12;
const PATIENCE_MS = 900;

/**
 * Answers for `ask(question, cursor, signal)`. `on.answered(question, answer)` hears each first page; `on.failed`
 * decides about an error: false leaves it to be shown here. `empty(question)` is the notice for no hits at all,
 * `{title, text, action?}`; `mark(hit)` what a tile shows of a hit's source.
 */
export function makeAnswers({ ask, on, empty, mark = () => null }) {
  const list = element("ul.tiles", { role: "list", "aria-label": "Results. Arrow keys move between them." });
  const foot = element("div.tiles-foot");
  const node = element("div.answers", {}, list, foot);
  const roving = rove(list, "a");
  let failures = 0;
  let timer = null;
  let shown = null;

  const following = follower((question, signal) => firstPage(question, signal), {
    answered(question, { answer, tiles }) {
      failures = 0;
      hang(question, answer, tiles);
    },
    failed(question, error) {
      if (error.name !== "AbortError") fail(question, error);
    },
  });

  async function firstPage(question, signal) {
    const answer = { heard_ms: Date.now(), ...(await ask(question, null, signal)) };
    const tiles = tilesOf(answer);
    // Pictures come first, so that old tiles give way to whole ones; slow ones do not hold the others up.
    await patiently(
      tiles.map((tile) => tile.pictured),
      PATIENCE_MS,
    );
    return { answer, tiles };
  }

  function tilesOf(answer) {
    return answer.hits.map((hit) => makeTile(hit, { heard_ms: answer.heard_ms, mark: mark(hit) }));
  }

  function hang(question, answer, tiles) {
    shown = answer;
    list.classList.remove("stale");
    list.removeAttribute("aria-busy");
    list.replaceChildren(...tiles.map((tile) => tile.node));
    roving.settle();
    if (!answer.hits.length) foot.replaceChildren(emptyNote(empty(question)));
    else end(question, answer);
    announce(answer.hits.length ? `${count(answer.hits.length, "result")}` : "No results");
    on.answered?.(question, answer);
  }

  function end(question, answer) {
    if (answer.cursor) foot.replaceChildren(button(".button", () => more(question, answer.cursor), {}, "Show more"));
    else foot.replaceChildren(element("p.end", {}, answer.exhausted ? "That is all there is." : ""));
  }

  async function more(question, cursor) {
    const before = shown;
    const next = foot.querySelector("button");
    next.disabled = true;
    try {
      const answer = { heard_ms: Date.now(), ...(await ask(question, cursor, new AbortController().signal)) };
      if (shown !== before) return;
      const tiles = tilesOf(answer);
      list.append(...tiles.map((tile) => tile.node));
      roving.settle();
      tiles[0]?.node.querySelector("a").focus({ preventScroll: true });
      end(question, answer);
      announce(`${count(answer.hits.length, "more result")}`);
    } catch (error) {
      if (shown === before) fail(question, error);
    }
  }

  function fail(question, error) {
    if (on.failed?.(question, error)) return;
    failures += 1;
    const notice = noticeOf(error, failures);
    list.classList.remove("stale");
    list.removeAttribute("aria-busy");
    list.replaceChildren();
    const again = () => settle(question);
    foot.replaceChildren(emptyNote({ ...notice, action: notice.home ? null : { label: "Try again", act: again } }));
    announce(notice.title);
    if (notice.retry_s) timer = setTimeout(again, notice.retry_s * 1000);
  }

  function settle(question, { anew = false } = {}) {
    clearTimeout(timer);
    if (anew || !list.children.length) {
      list.replaceChildren(...Array.from({ length: BONES }, tileBone));
      foot.replaceChildren();
    } else list.classList.add("stale");
    list.setAttribute("aria-busy", "true");
    following.settle(question);
  }

  return {
    node,
    list,
    settle,
    /** Shows an answer that is there already. */
    show(question, answer) {
      clearTimeout(timer);
      following.stop();
      hang(question, answer, tilesOf(answer));
    },
    move(question) {
      clearTimeout(timer);
      following.move(question);
    },
    stop() {
      clearTimeout(timer);
      following.stop();
    },
  };
}

function emptyNote({ title, text, action }) {
  return element(
    "div.nothing",
    {},
    element("p.nothing-title", {}, title),
    element("p", {}, text),
    action && button(".button", action.act, {}, action.label),
  );
}
