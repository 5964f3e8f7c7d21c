// The results of a search: tiles, a button for more, or a notice. Searches may follow a box that is dragged.

import { announce } from "../ui/announce.js";
import { button, element } from "../ui/dom.js";
import { latestRequest } from "../service/latest-request.js";
import { count } from "../ui/labels.js";
import { noticeOf } from "../ui/notice-texts.js";
import { waitAtMost } from "../ui/picture.js";
import { rove } from "../ui/roving-tabindex.js";
import { tileSkeleton, makeResultTile } from "./result-tile.js";

const SKELETONS = 12;
const TIMEOUT_MS = 900;

/**
 * Shows the pages that `fetchPage(query, cursor, signal)` returns. Calls `on.onAnswer(query, answer)` for each first
 * page, and `on.onError(query, error)`, which returns whether it handled the error. `empty(query)` is the notice for no hits,
 * `{title, text, action?}`; `mark(hit)` is a node on the tile.
 */
export function makeResults({ fetchPage, on, empty, mark = () => null }) {
  const list = element("ul.tiles", { role: "list", "aria-label": "Results. Arrow keys move between them." });
  const foot = element("div.tiles-foot");
  const node = element("div.answers", {}, list, foot);
  const roving = rove(list, "a");
  let failures = 0;
  let timer = null;
  let shown = null;

  const requests = latestRequest((query, signal) => firstPage(query, signal), {
    onAnswer(query, { answer, tiles }) {
      failures = 0;
      render(query, answer, tiles);
    },
    onError(query, error) {
      if (error.name !== "AbortError") fail(query, error);
    },
  });

  async function firstPage(query, signal) {
    const answer = { received_ms: Date.now(), ...(await fetchPage(query, null, signal)) };
    const tiles = tilesOf(answer);
    // Old tiles stay until the new pictures are loaded, or for 900 ms: otherwise the list would flicker.
    await waitAtMost(
      tiles.map((tile) => tile.pictured),
      TIMEOUT_MS,
    );
    return { answer, tiles };
  }

  function tilesOf(answer) {
    return answer.hits.map((hit) => makeResultTile(hit, { received_ms: answer.received_ms, mark: mark(hit) }));
  }

  function render(query, answer, tiles) {
    shown = answer;
    list.classList.remove("stale");
    list.removeAttribute("aria-busy");
    list.replaceChildren(...tiles.map((tile) => tile.node));
    roving.update();
    if (!answer.hits.length) foot.replaceChildren(notice(empty(query)));
    else showMoreOrEnd(query, answer);
    announce(answer.hits.length ? `${count(answer.hits.length, "result")}` : "No results");
    on.onAnswer?.(query, answer);
  }

  function showMoreOrEnd(query, answer) {
    if (answer.cursor) foot.replaceChildren(button(".button", () => more(query, answer.cursor), {}, "Show more"));
    else foot.replaceChildren(element("p.end", {}, answer.exhausted ? "That is all there is." : ""));
  }

  async function more(query, cursor) {
    const before = shown;
    const next = foot.querySelector("button");
    next.disabled = true;
    try {
      const answer = { received_ms: Date.now(), ...(await fetchPage(query, cursor, new AbortController().signal)) };
      if (shown !== before) return;
      const tiles = tilesOf(answer);
      list.append(...tiles.map((tile) => tile.node));
      roving.update();
      tiles[0]?.node.querySelector("a").focus({ preventScroll: true });
      showMoreOrEnd(query, answer);
      announce(`${count(answer.hits.length, "more result")}`);
    } catch (error) {
      if (shown === before) fail(query, error);
    }
  }

  function fail(query, error) {
    if (on.onError?.(query, error)) return;
    failures += 1;
    const described = noticeOf(error, failures);
    list.classList.remove("stale");
    list.removeAttribute("aria-busy");
    list.replaceChildren();
    const again = () => searchNow(query);
    foot.replaceChildren(notice({ ...described, action: described.home ? null : { label: "Try again", act: again } }));
    announce(described.title);
    if (described.retry_s) timer = setTimeout(again, described.retry_s * 1000);
  }

  function searchNow(query, { anew = false } = {}) {
    clearTimeout(timer);
    if (anew || !list.children.length) {
      list.replaceChildren(...Array.from({ length: SKELETONS }, tileSkeleton));
      foot.replaceChildren();
    } else list.classList.add("stale");
    list.setAttribute("aria-busy", "true");
    requests.now(query);
  }

  return {
    node,
    list,
    searchNow,
    /** Shows a cached answer. */
    show(query, answer) {
      clearTimeout(timer);
      requests.stop();
      render(query, answer, tilesOf(answer));
    },
    searchSoon(query) {
      clearTimeout(timer);
      requests.soon(query);
    },
    stop() {
      clearTimeout(timer);
      requests.stop();
    },
  };
}

function notice({ title, text, action }) {
  return element(
    "div.nothing",
    {},
    element("p.nothing-title", {}, title),
    element("p", {}, text),
    action && button(".button", action.act, {}, action.label),
  );
}
