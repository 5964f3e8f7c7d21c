// Navigation: the address bar, the back button, and the scroll position of each history entry.

import { addressOf, parseRoute } from "./routes.js";

const scrolled = new Map();
let show = null;

/** Calls `shown(route, {how, top_px})` now and at each navigation; `how` is `load`, `push`, `pop` or `replace`. */
export function startRouter(shown) {
  show = shown;
  history.scrollRestoration = "manual";
  if (!history.state?.entry) history.replaceState({ entry: newEntry() }, "");
  addEventListener("scroll", () => scrolled.set(history.state.entry, scrollY), { passive: true });
  addEventListener("popstate", () => {
    if (!history.state?.entry) history.replaceState({ entry: newEntry() }, "");
    show(parseRoute(location.href), { how: "pop", top_px: scrolled.get(history.state.entry) ?? 0 });
  });
  document.addEventListener("click", follow);
  show(parseRoute(location.href), { how: "load", top_px: 0 });
}

/** Navigates to `route`, as a new history entry. */
export function go(route, { from = null } = {}) {
  history.pushState({ entry: newEntry(), inside: true }, "", addressOf(route));
  show(route, { how: "push", top_px: 0, from });
}

/** Navigates to `route`, in place of the current history entry. */
export function replaceRoute(route) {
  replaceAddress(route);
  show(route, { how: "replace", top_px: scrollY });
}

/** Writes `route`, which is shown already, into the address bar. */
export function replaceAddress(route) {
  history.replaceState(history.state, "", addressOf(route));
}

/** The same, as a new history entry. */
export function pushAddress(route) {
  history.pushState({ entry: newEntry(), inside: true }, "", addressOf(route));
}

/** Whether the back button stays on this page. */
export function canGoBack() {
  return Boolean(history.state?.inside);
}

function follow(event) {
  const anchor = event.target.closest("a[href]");
  if (!anchor || event.defaultPrevented || event.button !== 0) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  if (anchor.origin !== location.origin || anchor.target || anchor.hasAttribute("download")) return;
  if (anchor.getAttribute("href").startsWith("#")) return;
  const route = parseRoute(anchor.href);
  if (route.view === "not-found") return;
  event.preventDefault();
  if (addressOf(route) === location.pathname + location.search) scrollTo({ top: 0 });
  else go(route, { from: anchor });
}

function newEntry() {
  return `${Date.now()}-${Math.random()}`;
}
