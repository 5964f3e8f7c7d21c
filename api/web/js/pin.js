// A pin: its large picture, and what is like it, or like a thing or a part of it.

import { addressOf, pin as placeOfPin } from "./address.js";
import { makeAnswers } from "./answers.js";
import { makeAsking } from "./asking.js";
import { START } from "./boxes.js";
import { SHOWN_PX } from "./card.js";
import { button, element, link } from "./element.js";
import { facts, pinBones } from "./facts.js";
import { makeFlashlight } from "./flashlight.js";
import { icon } from "./icons.js";
import { lower, titleOf } from "./labels.js";
import { noticeNode } from "./notice.js";
import { emptyHits, noticeOf } from "./notices.js";
import { loadPicture } from "./picture.js";
import { recall, remember } from "./recent.js";
import { canGoBack, go, goInstead, note, noteStep } from "./router.js";
import { getHits, getPin, thumbnail } from "./service.js";
import { largePicture, makeStage } from "./stage.js";

const ABSENT = ["deleted", "unknown", "not-indexed-yet", "dead"];
const BEAM_KEYS =
  "Arrow keys move the box, with Shift they resize it, with Alt in small steps. Escape puts the Flashlight out.";

/**
 * The view of a pin in `root`. `known` is what is known of it already (a pin of the wall), `titled(text)` names the
 * page; `again` shows what was answered lately, if it was. `ready` resolves when there is something to look at.
 */
export function makePinView(root, place, { known, titled, again }) {
  const view = new PinView(root, place, titled);
  view.ready = view.open(known ?? (again ? recall(place.pinId) : null), again);
  return view;
}

class PinView {
  #root;
  #titled;
  #pin = null;
  #stage = null;
  #light = null;
  #answers = null;
  #asking = makeAsking();
  #snap = element("div.snap", { hidden: true });
  #lightButton = button(
    ".button.light",
    () => (this.#light.isOpen ? this.#putOut() : this.#lightUp()),
    { "aria-pressed": "false" },
    icon("flashlight"),
    "Flashlight",
  );
  #timer = null;
  #gone = new AbortController();
  #failures = 0;

  constructor(root, place, titled) {
    this.#root = root;
    this.#titled = titled;
    this.place = place;
  }

  async open(known, again) {
    if (known) {
      await this.#show(known, again);
    } else {
      this.#root.replaceChildren(pinBones());
      this.#load();
    }
  }

  /** Asks something else of the same pin; `again` if it was asked before. */
  ask(place, { again = false } = {}) {
    const before = this.place;
    this.place = place;
    if (!this.#pin) return;
    const anew = before.asks.kind !== place.asks.kind || before.asks.slot !== place.asks.slot;
    this.#reflect();
    this.#answer({ anew, again });
  }

  #answer({ anew, again }) {
    const before = again ? recall(addressOf(this.place)) : null;
    if (before) this.#answers.show(this.place, before);
    else this.#answers.settle(this.place, { anew });
  }

  close() {
    clearTimeout(this.#timer);
    this.#gone.abort();
    this.#answers?.stop();
  }

  async #load() {
    try {
      const pin = await getPin(this.place.pinId, this.#gone.signal);
      remember(pin.pin_id, pin);
      await this.#show(pin);
    } catch (error) {
      if (error.name !== "AbortError") this.#fail(error);
    }
  }

  #fail(error) {
    this.#failures += 1;
    const notice = noticeOf(error, this.#failures);
    this.#answers?.stop();
    this.#pin = null;
    const again = () => {
      clearTimeout(this.#timer);
      this.#load();
    };
    // The same notice again would only make the page flicker.
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
    this.#stage = makeStage({ img, chosen: (slot) => this.#choose(slot) });
    this.#light = makeFlashlight(this.#stage.frame, {
      move: (box) => this.#lit(box, { done: false }),
      settle: (box) => this.#lit(box, { done: true }),
      close: () => this.#putOut(),
    });
    this.#answers = makeAnswers({
      ask: (question, cursor, signal) => getHits(pin.pin_id, { ...question, cursor }, signal),
      on: {
        answered: (question, answer) => {
          remember(addressOf(question), answer);
          this.#offerSnap(question, answer);
        },
        failed: (question, error) => this.#absent(error),
      },
      empty: (question) => this.#empty(question),
    });
    const focused = this.#root.contains(document.activeElement);
    const layout = this.#layout(pin);
    layout.style.setProperty("--ratio", ratio);
    this.#root.replaceChildren(layout);
    if (focused) this.#root.querySelector("h1").focus({ preventScroll: true });
    this.#stage.show(pin.objects);
    if (!missing) this.#stage.sharpen(largePicture(pin));
    this.#reflect();
    this.#answer({ anew: true, again });
  }

  #layout(pin) {
    const { heading, row, controls } = this.#asking;
    const tools = element("div.pin-tools", {}, backLink(), this.#lightButton, this.#snap);
    const keys = element("p.unseen", { id: "beam-keys" }, BEAM_KEYS);
    return element(
      "article.pin",
      {},
      element("div.pin-side", {}, this.#stage.node, keys, tools, facts(pin)),
      element(
        "section.pin-answers",
        { "aria-labelledby": heading.id },
        heading,
        element("header.answers-head", {}, row, controls),
        this.#answers.node,
      ),
    );
  }

  /** Makes everything but the hits say what is asked. */
  #reflect() {
    const { asks } = this.place;
    this.#asking.reflect(this.place, this.#pin.objects);
    this.#stage.select(asks.kind === "similar" ? asks.slot : null);
    if (asks.kind === "flashlight") this.#light.open(asks.box);
    else this.#light.close();
    this.#lightButton.setAttribute("aria-pressed", String(asks.kind === "flashlight"));
    this.#snap.hidden = true;
  }

  #object(slot) {
    return this.#pin.objects.find((object) => object.slot === slot) ?? null;
  }

  #choose(slot) {
    const { pinId, asks, shop } = this.place;
    const again = asks.kind === "similar" && asks.slot === slot;
    go(placeOfPin(pinId, again ? { kind: "related" } : { kind: "similar", slot, anyLabel: false }, shop));
  }

  #lightUp() {
    const thing = this.place.asks.kind === "similar" ? this.#object(this.place.asks.slot) : null;
    go(placeOfPin(this.place.pinId, { kind: "flashlight", box: thing?.box ?? [...START] }, this.place.shop));
    this.#light.focus();
  }

  #putOut() {
    go(placeOfPin(this.place.pinId, { kind: "related" }, this.place.shop));
    this.#lightButton.focus({ preventScroll: true });
  }

  /** The box moved under the reader's hand: answers follow, and the address when it rests. */
  #lit(box, { done }) {
    const first = this.place.asks.kind !== "flashlight";
    this.place = placeOfPin(this.place.pinId, { kind: "flashlight", box }, this.place.shop);
    if (first) {
      noteStep(this.place);
      this.#reflect();
    }
    this.#snap.hidden = true;
    if (done) {
      note(this.place);
      this.#answers.settle(this.place);
    } else this.#answers.move(this.place);
  }

  #offerSnap({ asks }, { snap_to: thing }) {
    if (asks.kind !== "flashlight" || !thing || this.place.asks.kind !== "flashlight") return;
    const take = () => goInstead(placeOfPin(this.place.pinId, { kind: "flashlight", box: thing.box }, this.place.shop));
    const fits = thing.box.every((side, index) => Math.abs(side - asks.box[index]) < 0.002);
    this.#snap.replaceChildren(
      button(".button", take, {}, icon("snap"), element("span", {}, `Snap to ${lower(thing.label)}`)),
    );
    this.#snap.hidden = fits;
  }

  /** A pin that left while it was looked at says so in place of everything. */
  #absent(error) {
    if (!ABSENT.includes(error.state)) return false;
    this.#fail(error);
    return true;
  }

  #empty(question) {
    const { asks, shop } = question;
    const { widen, ...notice } = emptyHits(
      question,
      asks.kind === "similar" ? (this.#object(asks.slot)?.label ?? "") : "",
    );
    const wider = { everywhere: [asks, false], label: [{ ...asks, anyLabel: true }, shop] }[widen];
    const label = widen === "label" ? "Any kind" : "Everywhere";
    return wider ? { ...notice, action: { label, act: () => go(placeOfPin(this.place.pinId, ...wider)) } } : notice;
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
