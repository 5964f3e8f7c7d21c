// Where the reader is: the address bar, the back button, and how far down each page was.

import { addressOf, placeOf } from "./address.js";

const scrolled = new Map();
let show = null;

/** Starts: `shown(place, {how, top_px})` is called now and at each move; `how` is `load`, `push`, `pop` or `replace`. */
export function startRouter(shown) {
  show = shown;
  history.scrollRestoration = "manual";
  if (!history.state?.entry) history.replaceState({ entry: newEntry() }, "");
  addEventListener("scroll", () => scrolled.set(history.state.entry, scrollY), { passive: true });
  addEventListener("popstate", () => {
    if (!history.state?.entry) history.replaceState({ entry: newEntry() }, "");
    show(placeOf(location.href), { how: "pop", top_px: scrolled.get(history.state.entry) ?? 0 });
  });
  document.addEventListener("click", follow);
  show(placeOf(location.href), { how: "load", top_px: 0 });
}

/** Goes to `place`, as a new step that the back button undoes. */
export function go(place, { from = null } = {}) {
  history.pushState({ entry: newEntry(), inside: true }, "", addressOf(place));
  show(place, { how: "push", top_px: 0, from });
}

/** Goes to `place` in place of where the reader is. */
export function goInstead(place) {
  note(place);
  show(place, { how: "replace", top_px: scrollY });
}

/** Puts `place` into the address bar: it is shown already. */
export function note(place) {
  history.replaceState(history.state, "", addressOf(place));
}

/** Puts `place` into the address bar as a new step: it is shown already. */
export function noteStep(place) {
  history.pushState({ entry: newEntry(), inside: true }, "", addressOf(place));
}

/** Whether a step back stays on this page. */
export function canGoBack() {
  return Boolean(history.state?.inside);
}

function follow(event) {
  const anchor = event.target.closest("a[href]");
  if (!anchor || event.defaultPrevented || event.button !== 0) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  if (anchor.origin !== location.origin || anchor.target || anchor.hasAttribute("download")) return;
  if (anchor.getAttribute("href").startsWith("#")) return;
  const place = placeOf(anchor.href);
  if (place.view === "nowhere") return;
  event.preventDefault();
  if (addressOf(place) === location.pathname + location.search) scrollTo({ top: 0 });
  else go(place, { from: anchor });
}

function newEntry() {
  return `${Date.now()}-${Math.random()}`;
}
