// The page: shows one view at a time, by the address. The wall is kept, and updated, behind the others.

import { LENS } from "./navigation/routes.js";
import { announce } from "./ui/announce.js";
import { usePhoto, makeLensView } from "./lens/lens.js";
import { noticeNode } from "./ui/notice.js";
import { NOT_FOUND_NOTICE } from "./ui/notice-texts.js";
import { acceptDropsAndPastes } from "./lens/photo.js";
import { makePinView } from "./pin/pin.js";
import { go, replaceRoute, startRouter } from "./navigation/router.js";
import { startThemeSwitch } from "./ui/theme-switch.js";
import { startAgeLabels } from "./ui/age-label.js";
import { Wall } from "./wall/wall.js";

const NAME = "pinstream";
const wallRoot = document.getElementById("wall");
const viewRoot = document.getElementById("view");
const calm = matchMedia("(prefers-reduced-motion: reduce)");

const wall = new Wall(wallRoot);
let view = null;
let opened = null;
let turn = 0;
let shownTurn = 0;

function titled(text) {
  document.title = text ? `${text} · ${NAME}` : NAME;
}

function show(route, { how, top_px, from = null }) {
  if (route.view === "pin" && view?.route?.pinId === route.pinId && shownTurn === turn) {
    view.ask(route, { again: how === "pop" });
    return;
  }
  const picture = from?.querySelector("img") ?? null;
  const left = opened;
  opened = route.view === "pin" ? route.pinId : null;
  turn += 1;
  const mine = turn;
  morph(picture, left, async () => {
    // Transitions start late: by then the user may have navigated on, and only the last navigation counts.
    if (mine !== turn) return;
    shownTurn = mine;
    await change(route, { again: how === "pop" });
    if (mine !== turn) return;
    scrollTo({ top: top_px, behavior: "instant" });
    if (route.view === "wall") wall.visible();
    if (how !== "load") focusIn(route, left);
  });
}

async function change(route, { again }) {
  view?.close();
  view = null;
  const onWall = route.view === "wall";
  wallRoot.hidden = !onWall;
  viewRoot.hidden = onWall;
  document.body.dataset.view = route.view;
  delete viewRoot.dataset.notice;
  if (onWall) {
    titled("");
    viewRoot.replaceChildren();
  } else if (route.view === "pin") {
    view = makePinView(viewRoot, route, { known: wall.pin(route.pinId), titled, again });
    await view.ready;
  } else if (route.view === "lens") {
    view = makeLensView(viewRoot, { take, titled });
    await view.ready;
  } else {
    titled(NOT_FOUND_NOTICE.title);
    viewRoot.replaceChildren(noticeNode(NOT_FOUND_NOTICE));
  }
}

/** Animates the clicked picture into the new view, or the pin's back onto the wall, if the browser can. */
function morph(picture, left, update) {
  if (!document.startViewTransition || calm.matches || document.hidden) {
    update();
    return;
  }
  if (picture) {
    // Only one element may have the name, and the pin's large picture has it.
    const large = viewRoot.querySelector(".frame");
    if (large) large.style.viewTransitionName = "none";
    picture.style.viewTransitionName = "picture";
  }
  const transition = document.startViewTransition(async () => {
    if (picture) picture.style.viewTransitionName = "";
    await update();
    if (!opened && left) {
      const img = wall.card(left)?.querySelector("img");
      if (img) img.style.viewTransitionName = "picture";
      transition.finished.finally(() => img && (img.style.viewTransitionName = ""));
    }
  });
  transition.ready.catch(() => {});
  transition.finished.catch(() => {});
}

function focusIn(route, left) {
  const back = route.view === "wall" && left ? wall.card(left) : null;
  const root = route.view === "wall" ? wallRoot : viewRoot;
  (back ?? root.querySelector("h1"))?.focus({ preventScroll: true });
  if (route.view !== "pin") announce(document.title);
}

function take(file) {
  usePhoto(file, {
    ready({ problem }) {
      const show = document.body.dataset.view === "lens" ? replaceRoute : go;
      show(LENS);
      if (problem) view = makeLensView(viewRoot, { take, titled, problem });
    },
  });
}

acceptDropsAndPastes(take, document.getElementById("drop-overlay"));
startThemeSwitch(document.getElementById("theme"));
startAgeLabels();
startRouter(show);
