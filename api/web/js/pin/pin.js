// A pin: its large picture, and hits for the whole, one of its objects, or a part of it.

import { addressOf, pinRoute } from "../navigation/routes.js";
import { makeResults } from "../results/results.js";
import { makeSearchControls } from "./search-controls.js";
import { START_BOX } from "./boxes.js";
import { SHOWN_PX } from "../wall/wall-card.js";
import { button, element, link } from "../ui/dom.js";
import { pinFacts, pinSkeleton } from "./pin-facts.js";
import { makeFlashlight } from "./flashlight.js";
import { icon } from "../ui/icons.js";
import { lower, titleOf } from "../ui/labels.js";
import { noticeNode } from "../ui/notice.js";
import { emptyHits, noticeOf } from "../ui/notice-texts.js";
import { loadPicture } from "../ui/picture.js";
import { cachedAnswer, cacheAnswer } from "../service/answer-cache.js";
import { canGoBack, go, replaceRoute, pushAddress, replaceAddress } from "../navigation/router.js";
import { getHits, getPin, thumbnail } from "../service/api.js";
import { largePictureUrl, makeLargePicture } from "./large-picture.js";

const MISSING = ["deleted", "unknown", "not-indexed-yet", "dead"];
const FLASHLIGHT_KEYS =
  "Arrow keys move the box. With Shift they resize it, with Alt in small steps. Escape closes Flashlight.";

/**
 * The view of a pin in `root`. `known` is the pin if the wall has it, `titled(text)` sets the page's title; with
 * `again`, cached answers are shown. `ready` resolves when there is something to see.
 */
export function makePinView(root, route, { known, titled, again }) {
  const view = new PinView(root, route, titled);
  view.ready = view.open(known ?? (again ? cachedAnswer(route.pinId) : null), again);
  return view;
}

class PinView {
  #root;
  #titled;
  #pin = null;
  #picture = null;
  #flashlight = null;
  #results = null;
  #controls = makeSearchControls();
  #snap = element("div.snap", { hidden: true });
  #flashlightButton = button(
    ".button.light",
    () => (this.#flashlight.isOpen ? this.#closeFlashlight() : this.#openFlashlight()),
    { "aria-pressed": "false" },
    icon("flashlight"),
    "Flashlight",
  );
  #timer = null;
  #gone = new AbortController();
  #failures = 0;

  constructor(root, route, titled) {
    this.#root = root;
    this.#titled = titled;
    this.route = route;
  }

  async open(known, again) {
    if (known) {
      await this.#show(known, again);
    } else {
      this.#root.replaceChildren(pinSkeleton());
      this.#load();
    }
  }

  /** Another search from the same pin; `again` if it was shown before. */
  ask(route, { again = false } = {}) {
    const before = this.route;
    this.route = route;
    if (!this.#pin) return;
    const anew = before.search.kind !== route.search.kind || before.search.slot !== route.search.slot;
    this.#reflect();
    this.#search({ anew, again });
  }

  #search({ anew, again }) {
    const before = again ? cachedAnswer(addressOf(this.route)) : null;
    if (before) this.#results.show(this.route, before);
    else this.#results.searchNow(this.route, { anew });
  }

  close() {
    clearTimeout(this.#timer);
    this.#gone.abort();
    this.#results?.stop();
  }

  async #load() {
    try {
      const pin = await getPin(this.route.pinId, this.#gone.signal);
      cacheAnswer(pin.pin_id, pin);
      await this.#show(pin);
    } catch (error) {
      if (error.name !== "AbortError") this.#fail(error);
    }
  }

  #fail(error) {
    this.#failures += 1;
    const notice = noticeOf(error, this.#failures);
    this.#results?.stop();
    this.#pin = null;
    const again = () => {
      clearTimeout(this.#timer);
      this.#load();
    };
    // Replacing a notice by the same one would make the page flicker.
    if (this.#root.dataset.notice !== notice.title) {
      this.#root.replaceChildren(noticeNode(notice, { retry: again }));
      this.#root.dataset.notice = notice.title;
      this.#root.querySelector("h1").focus({ preventScroll: true });
    }
    this.#titled(notice.title);
    if (notice.retry_s) this.#timer = setTimeout(again, notice.retry_s * 1000);
  }

  async #show(pin, again = false) {
    const alt = titleOf(pin);
    const { img, ratio, missing } = await loadPicture(thumbnail(pin.thumbnail, SHOWN_PX), { key: pin.pin_id, alt });
    if (this.#gone.signal.aborted) return;
    delete this.#root.dataset.notice;
    this.#pin = pin;
    this.#titled(alt);
    this.#picture = makeLargePicture({ img, chosen: (slot) => this.#choose(slot) });
    this.#flashlight = makeFlashlight(this.#picture.frame, {
      move: (box) => this.#moveFlashlight(box, { done: false }),
      done: (box) => this.#moveFlashlight(box, { done: true }),
      close: () => this.#closeFlashlight(),
    });
    this.#results = makeResults({
      fetchPage: (query, cursor, signal) => getHits(pin.pin_id, { ...query, cursor }, signal),
      on: {
        onAnswer: (query, answer) => {
          cacheAnswer(addressOf(query), answer);
          this.#offerSnap(query, answer);
        },
        onError: (query, error) => this.#showIfMissing(error),
      },
      empty: (query) => this.#empty(query),
    });
    const focused = this.#root.contains(document.activeElement);
    const layout = this.#layout(pin);
    layout.style.setProperty("--ratio", ratio);
    this.#root.replaceChildren(layout);
    if (focused) this.#root.querySelector("h1").focus({ preventScroll: true });
    this.#picture.show(pin.objects);
    if (!missing) this.#picture.sharpen(largePictureUrl(pin));
    this.#reflect();
    this.#search({ anew: true, again });
  }

  #layout(pin) {
    const { heading, row, controls } = this.#controls;
    const tools = element("div.pin-tools", {}, backLink(), this.#flashlightButton, this.#snap);
    const keys = element("p.visually-hidden", { id: "flashlight-keys" }, FLASHLIGHT_KEYS);
    return element(
      "article.pin",
      {},
      element("div.pin-side", {}, this.#picture.node, keys, tools, pinFacts(pin)),
      element(
        "section.pin-answers",
        { "aria-labelledby": heading.id },
        heading,
        element("header.answers-head", {}, row, controls),
        this.#results.node,
      ),
    );
  }

  /** Updates everything but the hits to the route. */
  #reflect() {
    const { search } = this.route;
    this.#controls.reflect(this.route, this.#pin.objects);
    this.#picture.select(search.kind === "similar" ? search.slot : null);
    if (search.kind === "flashlight") this.#flashlight.open(search.box);
    else this.#flashlight.close();
    this.#flashlightButton.setAttribute("aria-pressed", String(search.kind === "flashlight"));
    this.#snap.hidden = true;
  }

  #object(slot) {
    return this.#pin.objects.find((object) => object.slot === slot) ?? null;
  }

  #choose(slot) {
    const { pinId, search, shop } = this.route;
    const again = search.kind === "similar" && search.slot === slot;
    go(pinRoute(pinId, again ? { kind: "related" } : { kind: "similar", slot, anyLabel: false }, shop));
  }

  #openFlashlight() {
    const object = this.route.search.kind === "similar" ? this.#object(this.route.search.slot) : null;
    go(pinRoute(this.route.pinId, { kind: "flashlight", box: object?.box ?? [...START_BOX] }, this.route.shop));
    this.#flashlight.focus();
  }

  #closeFlashlight() {
    go(pinRoute(this.route.pinId, { kind: "related" }, this.route.shop));
    this.#flashlightButton.focus({ preventScroll: true });
  }

  /** The box was moved: hits follow at once, the address when the user stops. */
  #moveFlashlight(box, { done }) {
    const first = this.route.search.kind !== "flashlight";
    this.route = pinRoute(this.route.pinId, { kind: "flashlight", box }, this.route.shop);
    if (first) {
      pushAddress(this.route);
      this.#reflect();
    }
    this.#snap.hidden = true;
    if (done) {
      replaceAddress(this.route);
      this.#results.searchNow(this.route);
    } else this.#results.searchSoon(this.route);
  }

  #offerSnap({ search }, { snap_to: object }) {
    if (search.kind !== "flashlight" || !object || this.route.search.kind !== "flashlight") return;
    const take = () =>
      replaceRoute(pinRoute(this.route.pinId, { kind: "flashlight", box: object.box }, this.route.shop));
    const fits = object.box.every((side, index) => Math.abs(side - search.box[index]) < 0.002);
    this.#snap.replaceChildren(
      button(".button", take, {}, icon("snap"), element("span", {}, `Snap to ${lower(object.label)}`)),
    );
    this.#snap.hidden = fits;
  }

  /** If the pin was deleted meanwhile, a notice replaces everything. */
  #showIfMissing(error) {
    if (!MISSING.includes(error.state)) return false;
    this.#fail(error);
    return true;
  }

  #empty(query) {
    const { search, shop } = query;
    const { widen, ...notice } = emptyHits(
      query,
      search.kind === "similar" ? (this.#object(search.slot)?.label ?? "") : "",
    );
    const widened = { everywhere: [search, false], label: [{ ...search, anyLabel: true }, shop] }[widen];
    const label = widen === "label" ? "Any kind" : "Everywhere";
    return widened ? { ...notice, action: { label, act: () => go(pinRoute(this.route.pinId, ...widened)) } } : notice;
  }
}

function backLink() {
  const back = (event) => {
    if (!canGoBack()) return;
    event.preventDefault();
    history.back();
  };
  return link(".icon-button", "/", { "aria-label": "Back", on: { click: back } }, icon("back"));
}
