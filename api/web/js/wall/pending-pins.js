// Pins that are not on the wall yet: collected for 200 ms, their pictures loaded, then kept until the wall shows them.

import { makeWallCard } from "./wall-card.js";
import { waitAtMost } from "../ui/picture.js";

const COLLECT_MS = 200;
const TIMEOUT_MS = 3000;

/** `known(key)` is the card on the wall, if any; `ready()` is called whenever there are cards to take. */
export class PendingPins {
  #collected = new Map();
  #loaded = new Map();
  #known;
  #ready;

  constructor({ known, ready }) {
    this.#known = known;
    this.#ready = ready;
  }

  /** The number of cards that are loaded. */
  get size() {
    return this.#loaded.size;
  }

    add(pin) {
    if (!this.#isNewer(pin)) return;
    this.#collected.set(pin.pin_id, pin);
    if (this.#collected.size > 1) return;
    setTimeout(() => {
      const pins = [...this.#collected.values()];
      this.#collected.clear();
      this.#load(pins);
    }, COLLECT_MS);
  }

  /** Resolves when the pictures are loaded, or after 3 s. */
  addAll(pins) {
    return this.#load(pins.filter((pin) => this.#isNewer(pin)));
  }

  /** Forgets a pin that was deleted. */
  drop(key) {
    this.#collected.delete(key);
    this.#loaded.delete(key);
  }

  /** Returns the loaded cards and forgets them. */
  take() {
    const cards = [...this.#loaded.values()];
    this.#loaded.clear();
    return cards;
  }

  async #load(pins) {
    const cards = pins.map((pin) => makeWallCard(pin).then((card) => this.#keep(card)));
    await waitAtMost(cards, TIMEOUT_MS);
    this.#ready();
    // Slower pictures are shown when they are loaded.
    Promise.all(cards).then(this.#ready);
  }

  #keep(card) {
    const other = this.#loaded.get(card.key) ?? this.#known(card.key);
    if (!other || other.pin.version < card.pin.version) this.#loaded.set(card.key, card);
  }

  #isNewer({ pin_id: key, version }) {
    const other = this.#collected.get(key) ?? this.#loaded.get(key)?.pin ?? this.#known(key)?.pin;
    return !other || other.version < version;
  }
}
