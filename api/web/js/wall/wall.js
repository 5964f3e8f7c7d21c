// The wall: the newest pins, each shown when it becomes searchable, in columns that only grow downwards.

import { announce } from "../ui/announce.js";
import { PendingPins } from "./pending-pins.js";
import { CAPTION_PX } from "./wall-card.js";
import { grid, layOut } from "./masonry.js";
import { button, element } from "../ui/dom.js";
import { count } from "../ui/labels.js";
import { subscribe } from "../service/fresh-stream.js";
import { makeLiveSwitch } from "./live-switch.js";
import { noticeNode } from "../ui/notice.js";
import { EMPTY_WALL, noticeOf } from "../ui/notice-texts.js";
import { rove } from "../ui/roving-tabindex.js";
import { ageLabel } from "../ui/age-label.js";

const FIRST_PINS = 60;
const MAX_PINS = 240;
const NEAR_TOP_PX = 240;
const ANNOUNCE_MS = 30_000;
const SKELETONS = [0.75, 1, 0.67, 1.33, 0.8, 1, 0.67, 0.75, 1, 1.5, 0.75, 0.67];
const EASE = "cubic-bezier(.2,.9,.25,1)";
const calm = matchMedia("(prefers-reduced-motion: reduce)");

export class Wall {
  #list = element("ul.wall", { role: "list", "aria-label": "Newest pins. Arrow keys move between them." });
  #newest = element("span.newest");
  #more = button(".button.primary.arrivals", () => this.#showNew(), { hidden: true });
  #below = element("div.wall-below");
  #live = makeLiveSwitch(() => this.#showOrCount());
  #cards = new Map();
  #columns = new Map();
  #columnCount = 0;
  #pending = new PendingPins({ known: (key) => this.#cards.get(key), ready: () => this.#showOrCount() });
  #unannounced = 0;
  #roving = rove(this.#list, "a");
  #stream = null;

  constructor(root) {
    const head = element(
      "header.wall-head",
      {},
      element("h1", { tabindex: "-1" }, "Fresh pins"),
      this.#newest,
      this.#live.node,
    );
    root.append(head, this.#more, this.#list, this.#below);
    this.#showSkeleton();
    new ResizeObserver(() => this.#arrange({ slide: false })).observe(this.#list);
    addEventListener("scroll", () => this.#mayShow() && this.#showNew(), { passive: true });
  }

  /** The pin with its age now, or null. */
  pin(pinId) {
    const card = this.#cards.get(pinId);
    return card ? { ...card.pin, age_s: card.pin.age_s + (Date.now() - card.received_ms) / 1000 } : null;
  }

  /** The link on the pin's card, or null. */
  card(pinId) {
    return this.#cards.get(pinId)?.node.querySelector("a") ?? null;
  }

  /** Call it whenever the wall comes into view; the first call subscribes to fresh pins. */
  visible() {
    this.#stream ??= subscribe({
      limit: FIRST_PINS,
      on: {
        pins: (pins) => this.#showFirst(pins),
        pin: (pin) => this.#pending.add(pin),
        gone: (deleted) => this.#remove(deleted),
        disconnected: (error) => this.#disconnected(error),
      },
    });
    this.#showOrCount();
  }

  async #showFirst(pins) {
    this.#live.say("live");
    await this.#pending.addAll(pins);
    if (!this.#cards.size) this.#showNotice(EMPTY_WALL);
  }

  #disconnected(error) {
    this.#live.say("disconnected");
    if (!this.#cards.size) this.#showNotice(noticeOf(error));
  }

  /** New pins wait while the user has scrolled down, looks at another view, or has paused the wall. */
  #mayShow() {
    if (!this.#cards.size) return true;
    return !this.#live.paused && !this.#hidden && scrollY <= NEAR_TOP_PX;
  }

  get #hidden() {
    return this.#list.closest("[hidden]") !== null;
  }

  #showOrCount() {
    if (this.#mayShow()) {
      this.#showNew();
    } else if (this.#pending.size) {
      this.#more.textContent = count(this.#pending.size, "new pin");
      this.#more.hidden = false;
    }
  }

  #showNew() {
    this.#more.hidden = true;
    const added = this.#pending.take();
    if (!added.length) return;
    if (scrollY > NEAR_TOP_PX && !this.#hidden) scrollTo({ top: 0, behavior: calm.matches ? "auto" : "smooth" });
    const first = !this.#cards.size;
    for (const card of added) {
      this.#cards.get(card.key)?.node.remove();
      this.#columns.delete(card.key);
      this.#cards.set(card.key, card);
    }
    this.#below.replaceChildren();
    this.#loaded();
    this.#arrange({ slide: !first });
    this.#roving.update();
    this.#dateNewest();
    if (!first) this.#announce(added.length);
    if (!calm.matches) added.forEach(({ node }, index) => enter(node, first ? Math.min(index * 24, 500) : 0));
  }

  #remove({ pin_id: key, version }) {
    this.#pending.drop(key);
    const card = this.#cards.get(key);
    if (!card || card.pin.version > version) return;
    this.#cards.delete(key);
    card.node.remove();
    this.#arrange({ slide: true });
    this.#roving.update();
    this.#dateNewest();
    if (!this.#cards.size) this.#showNotice(EMPTY_WALL);
  }

  #arrange({ slide }) {
    const width_px = this.#list.clientWidth;
    if (!width_px || !this.#cards.size) return;
    const cards = this.#ordered();
    for (const { key } of cards.splice(MAX_PINS)) this.#cards.delete(key);
    const { count: columnCount } = grid(width_px);
    if (columnCount !== this.#columnCount) this.#columns.clear();
    this.#columnCount = columnCount;
    const { columns, positions, height_px } = layOut(cards, { width_px, caption_px: CAPTION_PX, kept: this.#columns });
    this.#columns = columns;
    this.#list.classList.toggle("still", !slide);
    this.#list.style.height = `${height_px}px`;
    positions.forEach((position, index) => put(cards[index].node, position));
    reorder(
      this.#list,
      cards.map(({ node }) => node),
    );
  }

  #ordered() {
    return [...this.#cards.values()].sort((a, b) => b.pin.published_at_ms - a.pin.published_at_ms);
  }

  #dateNewest() {
    const [newest] = this.#ordered();
    this.#newest.replaceChildren(...(newest ? ["Newest: ", ageLabel(newest.pin.age_s, newest.received_ms)] : []));
  }

  /** Announces new pins to screen readers, at most twice a minute. */
  #announce(number) {
    this.#unannounced += number;
    if (this.#unannounced > number) return;
    setTimeout(() => {
      if (!this.#hidden) announce(`${count(this.#unannounced, "new pin")} on the wall`);
      this.#unannounced = 0;
    }, ANNOUNCE_MS);
  }

  #showSkeleton() {
    this.#list.classList.add("loading");
    this.#list.setAttribute("aria-busy", "true");
    const skeletons = SKELETONS.map((ratio) => {
      const card = element("li.skeleton", { "aria-hidden": "true" });
      card.style.aspectRatio = ratio;
      return card;
    });
    this.#list.replaceChildren(...skeletons);
  }

  #loaded() {
    this.#list.classList.remove("loading");
    this.#list.removeAttribute("aria-busy");
  }

  #showNotice(notice) {
    this.#loaded();
    this.#list.replaceChildren();
    this.#list.style.height = "";
    // Replacing a notice by the same one would make the page flicker.
    if (this.#below.querySelector("h2")?.textContent === notice.title) return;
    this.#below.replaceChildren(noticeNode(notice, { retry: () => this.#stream.retry(), level: 2 }));
  }
}

function put(node, { x_px, y_px, width_px, height_px }) {
  node.style.width = `${width_px}px`;
  node.style.height = `${height_px}px`;
  node.style.transform = `translate(${x_px}px, ${y_px}px)`;
}

function enter(node, delay) {
  const from = { opacity: 0, transform: "translateY(-12px) scale(.94)" };
  const timing = { duration: 520, delay, easing: EASE, fill: "backwards" };
  node.firstElementChild.animate([from, { opacity: 1, transform: "none" }], timing);
}

/** Makes `nodes` the children of `list` in that order; moves few, since a node that moves loses the focus. */
function reorder(list, nodes) {
  const wanted = new Set(nodes);
  for (const child of [...list.children]) if (!wanted.has(child)) child.remove();
  nodes.forEach((node, index) => {
    if (list.children[index] !== node) list.insertBefore(node, list.children[index] ?? null);
  });
}
