// Pins on their way to the wall: gathered for a moment, their pictures fetched, then held until they may hang.

import { makeCard } from "./card.js";
import { patiently } from "./picture.js";

const TOGETHER_MS = 200;
const PATIENCE_MS = 3000;

/** `known(key)` is the card that hangs, if one does; `ready()` is called whenever cards are there to be taken. */
export class Arrivals {
  #coming = new Map();
  #held = new Map();
  #known;
  #ready;

  constructor({ known, ready }) {
    this.#known = known;
    this.#ready = ready;
  }

  /** How many cards wait. */
  get size() {
    return this.#held.size;
  }

  /** One pin came; what comes within a moment is fetched together. */
  add(pin) {
    if (!this.#isNews(pin)) return;
    this.#coming.set(pin.pin_id, pin);
    if (this.#coming.size > 1) return;
    setTimeout(() => {
      const pins = [...this.#coming.values()];
      this.#coming.clear();
      this.#fetch(pins);
    }, TOGETHER_MS);
  }

  /** Many came at once; resolves when their pictures are there, or patience ends. */
  addAll(pins) {
    return this.#fetch(pins.filter((pin) => this.#isNews(pin)));
  }

  /** The pin was deleted: it need not come. */
  drop(key) {
    this.#coming.delete(key);
    this.#held.delete(key);
  }

  /** The cards that wait, which then wait no more. */
  take() {
    const cards = [...this.#held.values()];
    this.#held.clear();
    return cards;
  }

  async #fetch(pins) {
    const cards = pins.map((pin) => makeCard(pin).then((card) => this.#hold(card)));
    await patiently(cards, PATIENCE_MS);
    this.#ready();
    // Pictures that took longer hang when they come.
    Promise.all(cards).then(this.#ready);
  }

  #hold(card) {
    const other = this.#held.get(card.key) ?? this.#known(card.key);
    if (!other || other.pin.version < card.pin.version) this.#held.set(card.key, card);
  }

  #isNews({ pin_id: key, version }) {
    const other = this.#coming.get(key) ?? this.#held.get(key)?.pin ?? this.#known(key)?.pin;
    return !other || other.version < version;
  }
}
