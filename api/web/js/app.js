// The page: one view at a time, chosen by the address. The wall stays alive behind the others.

import { LENS } from "./address.js";
import { announce } from "./announce.js";
import { lookFor, makeLensView } from "./lens.js";
import { noticeNode } from "./notice.js";
import { NOWHERE_NOTICE } from "./notices.js";
import { takeFromEverywhere } from "./photo.js";
import { makePinView } from "./pin.js";
import { go, goInstead, startRouter } from "./router.js";
import { startThemeSwitch } from "./theme-switch.js";
import { startTicking } from "./ticking.js";
import { Wall } from "./wall.js";

const NAME = "pinstream";
const wallRoot = document.getElementById("wall");
const viewRoot = document.getElementById("view");
const calm = matchMedia("(prefers-reduced-motion: reduce)");

const wall = new Wall(wallRoot);
let view = null;
let opened = null;
let turn = 0;
let turnShown = 0;

function titled(text) {
  document.title = text ? `${text} · ${NAME}` : NAME;
}

function show(place, { how, top_px, from = null }) {
  if (place.view === "pin" && view?.place?.pinId === place.pinId && turnShown === turn) {
    view.ask(place, { again: how === "pop" });
    return;
  }
  const picture = from?.querySelector("img") ?? null;
  const left = opened;
  opened = place.view === "pin" ? place.pinId : null;
  turn += 1;
  const mine = turn;
  morph(picture, left, async () => {
    // Transitions begin late: by then the reader may have gone on, and only the last step counts.
    if (mine !== turn) return;
    turnShown = mine;
    await change(place, { again: how === "pop" });
    if (mine !== turn) return;
    scrollTo({ top: top_px, behavior: "instant" });
    if (place.view === "wall") wall.seen();
    if (how !== "load") focusIn(place, left);
  });
}

async function change(place, { again }) {
  view?.close();
  view = null;
  const onWall = place.view === "wall";
  wallRoot.hidden = !onWall;
  viewRoot.hidden = onWall;
  document.body.dataset.view = place.view;
  delete viewRoot.dataset.notice;
  if (onWall) {
    titled("");
    viewRoot.replaceChildren();
  } else if (place.view === "pin") {
    view = makePinView(viewRoot, place, { known: wall.pin(place.pinId), titled, again });
    await view.ready;
  } else if (place.view === "lens") {
    view = makeLensView(viewRoot, { take, titled });
    await view.ready;
  } else {
    titled(NOWHERE_NOTICE.title);
    viewRoot.replaceChildren(noticeNode(NOWHERE_NOTICE));
  }
}

/** The clicked picture grows into the new view, or the pin's shrinks back onto the wall, where the browser can. */
function morph(picture, left, update) {
  if (!document.startViewTransition || calm.matches || document.hidden) {
    update();
    return;
  }
  if (picture) {
    // Only one thing on the page may carry the name, and a pin's large picture does.
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

function focusIn(place, left) {
  const back = place.view === "wall" && left ? wall.card(left) : null;
  const root = place.view === "wall" ? wallRoot : viewRoot;
  (back ?? root.querySelector("h1"))?.focus({ preventScroll: true });
  if (place.view !== "pin") announce(document.title);
}

function take(file) {
  lookFor(file, {
    here({ trouble }) {
      const show = document.body.dataset.view === "lens" ? goInstead : go;
      show(LENS);
      if (trouble) view = makeLensView(viewRoot, { take, titled, trouble });
    },
  });
}

takeFromEverywhere(take, document.getElementById("veil"));
startThemeSwitch(document.getElementById("theme"));
startTicking();
startRouter(show);
