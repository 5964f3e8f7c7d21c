// The wall: the newest pins, each hung as it becomes searchable, in columns that only ever grow downwards.

import { announce } from "./announce.js";
import { Arrivals } from "./arrivals.js";
import { CAPTION_PX } from "./card.js";
import { grid, hang } from "./columns.js";
import { button, element } from "./element.js";
import { count } from "./labels.js";
import { listen } from "./live.js";
import { makeLiveSwitch } from "./live-switch.js";
import { noticeNode } from "./notice.js";
import { EMPTY_WALL, noticeOf } from "./notices.js";
import { rove } from "./roving.js";
import { ticking } from "./ticking.js";

const NEWEST = 60;
const MOST = 240;
const READING_PX = 240;
const TELL_MS = 30_000;
const BONES = [0.75, 1, 0.67, 1.33, 0.8, 1, 0.67, 0.75, 1, 1.5, 0.75, 0.67];
const EASE = "cubic-bezier(.2,.9,.25,1)";
const calm = matchMedia("(prefers-reduced-motion: reduce)");

/** A wall in `root`, for as long as the page is there. */
export class Wall {
  #list = element("ul.wall", { role: "list", "aria-label": "Newest pins. Arrow keys move between them." });
  #newest = element("span.newest");
  #more = button(".button.primary.arrivals", () => this.#hangNew(), { hidden: true });
  #below = element("div.wall-below");
  #live = makeLiveSwitch(() => this.#settle());
  #cards = new Map();
  #columns = new Map();
  #columnCount = 0;
  #arrivals = new Arrivals({ known: (key) => this.#cards.get(key), ready: () => this.#settle() });
  #untold = 0;
  #roving = rove(this.#list, "a");
  #line = null;

  constructor(root) {
    const head = element(
      "header.wall-head",
      {},
      element("h1", { tabindex: "-1" }, "Fresh pins"),
      this.#newest,
      this.#live.node,
    );
    root.append(head, this.#more, this.#list, this.#below);
    this.#showBones();
    new ResizeObserver(() => this.#hang({ slide: false })).observe(this.#list);
    addEventListener("scroll", () => this.#mayHang() && this.#hangNew(), { passive: true });
  }

  /** The pin of that id, as old as it is now, or null. */
  pin(pinId) {
    const card = this.#cards.get(pinId);
    return card ? { ...card.pin, age_s: card.pin.age_s + (Date.now() - card.heard_ms) / 1000 } : null;
  }

  /** The link of the pin's card, or null. */
  card(pinId) {
    return this.#cards.get(pinId)?.node.querySelector("a") ?? null;
  }

  /** To be called whenever the wall comes into view; the first time it begins to listen. */
  seen() {
    this.#line ??= listen({
      limit: NEWEST,
      on: {
        pins: (pins) => this.#began(pins),
        pin: (pin) => this.#arrivals.add(pin),
        gone: (news) => this.#takeDown(news),
        away: (error) => this.#away(error),
      },
    });
    this.#settle();
  }

  async #began(pins) {
    this.#live.say("live");
    await this.#arrivals.addAll(pins);
    if (!this.#cards.size) this.#showInstead(EMPTY_WALL);
  }

  #away(error) {
    this.#live.say("away");
    if (!this.#cards.size) this.#showInstead(noticeOf(error));
  }

  /** New pins wait while somebody reads further down, looks at another view, or has paused the wall. */
  #mayHang() {
    if (!this.#cards.size) return true;
    return !this.#live.paused && !this.#hidden && scrollY <= READING_PX;
  }

  get #hidden() {
    return this.#list.closest("[hidden]") !== null;
  }

  #settle() {
    if (this.#mayHang()) {
      this.#hangNew();
    } else if (this.#arrivals.size) {
      this.#more.textContent = count(this.#arrivals.size, "new pin");
      this.#more.hidden = false;
    }
  }

  #hangNew() {
    this.#more.hidden = true;
    const added = this.#arrivals.take();
    if (!added.length) return;
    if (scrollY > READING_PX && !this.#hidden) scrollTo({ top: 0, behavior: calm.matches ? "auto" : "smooth" });
    const first = !this.#cards.size;
    for (const card of added) {
      this.#cards.get(card.key)?.node.remove();
      this.#columns.delete(card.key);
      this.#cards.set(card.key, card);
    }
    this.#below.replaceChildren();
    this.#loaded();
    this.#hang({ slide: !first });
    this.#roving.settle();
    this.#dateNewest();
    if (!first) this.#tell(added.length);
    if (!calm.matches) added.forEach(({ node }, index) => enter(node, first ? Math.min(index * 24, 500) : 0));
  }

  #takeDown({ pin_id: key, version }) {
    this.#arrivals.drop(key);
    const card = this.#cards.get(key);
    if (!card || card.pin.version > version) return;
    this.#cards.delete(key);
    card.node.remove();
    this.#hang({ slide: true });
    this.#roving.settle();
    this.#dateNewest();
    if (!this.#cards.size) this.#showInstead(EMPTY_WALL);
  }

  #hang({ slide }) {
    const width_px = this.#list.clientWidth;
    if (!width_px || !this.#cards.size) return;
    const cards = this.#ordered();
    for (const { key } of cards.splice(MOST)) this.#cards.delete(key);
    const { count: columnCount } = grid(width_px);
    if (columnCount !== this.#columnCount) this.#columns.clear();
    this.#columnCount = columnCount;
    const { columns, places, height_px } = hang(cards, { width_px, caption_px: CAPTION_PX, kept: this.#columns });
    this.#columns = columns;
    this.#list.classList.toggle("still", !slide);
    this.#list.style.height = `${height_px}px`;
    places.forEach((place, index) => put(cards[index].node, place));
    inOrder(
      this.#list,
      cards.map(({ node }) => node),
    );
  }

  #ordered() {
    return [...this.#cards.values()].sort((a, b) => b.pin.published_at_ms - a.pin.published_at_ms);
  }

  #dateNewest() {
    const [newest] = this.#ordered();
    this.#newest.replaceChildren(...(newest ? ["Newest: ", ticking(newest.pin.age_s, newest.heard_ms)] : []));
  }

  /** Tells ears of arrivals at most twice a minute. */
  #tell(number) {
    this.#untold += number;
    if (this.#untold > number) return;
    setTimeout(() => {
      if (!this.#hidden) announce(`${count(this.#untold, "new pin")} on the wall`);
      this.#untold = 0;
    }, TELL_MS);
  }

  #showBones() {
    this.#list.classList.add("loading");
    this.#list.setAttribute("aria-busy", "true");
    const bones = BONES.map((ratio) => {
      const bone = element("li.bone", { "aria-hidden": "true" });
      bone.style.aspectRatio = ratio;
      return bone;
    });
    this.#list.replaceChildren(...bones);
  }

  #loaded() {
    this.#list.classList.remove("loading");
    this.#list.removeAttribute("aria-busy");
  }

  #showInstead(notice) {
    this.#loaded();
    this.#list.replaceChildren();
    this.#list.style.height = "";
    // The same notice again would only make the page flicker.
    if (this.#below.querySelector("h2")?.textContent === notice.title) return;
    this.#below.replaceChildren(noticeNode(notice, { retry: () => this.#line.retry(), level: 2 }));
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

/** Makes `nodes` the children of `list` in that order, moving as few as can be, so that focus stays where it is. */
function inOrder(list, nodes) {
  const wanted = new Set(nodes);
  for (const child of [...list.children]) if (!wanted.has(child)) child.remove();
  nodes.forEach((node, index) => {
    if (list.children[index] !== node) list.insertBefore(node, list.children[index] ?? null);
  });
}
