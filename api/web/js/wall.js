// The wall: the newest pins, each hung as it becomes searchable, in columns that only ever grow downwards.

import { announce } from "./announce.js";
import { CAPTION_PX, makeCard } from "./card.js";
import { grid, hang } from "./columns.js";
import { button, element } from "./element.js";
import { icon } from "./icons.js";
import { count } from "./labels.js";
import { listen } from "./live.js";
import { noticeNode } from "./notice.js";
import { EMPTY_WALL, noticeOf } from "./notices.js";
import { patiently } from "./picture.js";
import { rove } from "./roving.js";
import { ticking } from "./ticking.js";

const NEWEST = 60;
const MOST = 240;
const PATIENCE_MS = 3000;
const READING_PX = 240;
const calm = matchMedia("(prefers-reduced-motion: reduce)");

/** The wall in `root`, alive for as long as the page is. */
export function startWall(root) {
  return new Wall(root);
}

class Wall {
  #list = element("ul.wall", { role: "list", "aria-label": "Newest pins. Arrow keys move between them." });
  #state = element("span.state", {}, "Connecting");
  #newest = element("span.newest");
  #live = button(".live", () => this.#pause(), { "aria-pressed": "false", "data-state": "waiting" });
  #more = button(".button.primary.arrivals", () => this.#showHeld(), { hidden: true });
  #below = element("div.wall-below");
  #cards = new Map();
  #columns = new Map();
  #count = 0;
  #held = new Map();
  #coming = new Map();
  #paused = false;
  #arrived = 0;
  #telling = null;
  #roving;
  #line = null;

  constructor(root) {
    this.#live.append(element("span.lamp"), this.#state, icon("pause"));
    root.append(
      element("header.wall-head", {}, element("h1", { tabindex: "-1" }, "Fresh pins"), this.#newest, this.#live),
      this.#more,
      this.#list,
      this.#below,
    );
    this.#showSkeleton();
    this.#roving = rove(this.#list, "a");
    new ResizeObserver(() => this.#hang({ slide: false })).observe(this.#list);
    addEventListener("scroll", () => this.#mayHang() && this.#showHeld(), { passive: true });
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
        pins: (pins) => this.#take(pins),
        pin: (pin) => this.#arrive(pin),
        gone: (news) => this.#takeDown(news),
        away: (error) => this.#away(error),
      },
    });
    this.#settle();
  }

  async #take(pins) {
    this.#say("live");
    const unknown = pins.filter((pin) => this.#isNews(pin));
    await this.#ready(unknown);
    if (!this.#cards.size) this.#showEmpty();
  }

  #arrive(pin) {
    if (!this.#isNews(pin)) return;
    this.#coming.set(pin.pin_id, pin);
    if (this.#coming.size > 1) return;
    // What arrives within a moment is hung together.
    setTimeout(() => {
      const pins = [...this.#coming.values()];
      this.#coming.clear();
      this.#ready(pins);
    }, 200);
  }

  async #ready(pins) {
    const cards = pins.map((pin) => makeCard(pin).then((card) => this.#hold(card)));
    await patiently(cards, PATIENCE_MS);
    this.#settle();
    // Pictures that took longer are hung when they come.
    Promise.all(cards).then(() => this.#settle());
  }

  #hold(card) {
    const other = this.#held.get(card.key) ?? this.#cards.get(card.key);
    if (!other || other.pin.version < card.pin.version) this.#held.set(card.key, card);
  }

  #settle() {
    if (this.#mayHang()) this.#showHeld();
    else if (this.#held.size) {
      this.#more.textContent = `${count(this.#held.size, "new pin")}`;
      this.#more.hidden = false;
    }
  }

  /** New pins wait while somebody reads further down, looks at another view, or has paused the wall. */
  #mayHang() {
    if (!this.#cards.size) return true;
    return !this.#paused && !this.#hidden && scrollY <= READING_PX;
  }

  get #hidden() {
    return this.#list.closest("[hidden]") !== null;
  }

  #showHeld() {
    this.#more.hidden = true;
    if (!this.#held.size) return;
    if (scrollY > READING_PX && !this.#hidden) scrollTo({ top: 0, behavior: calm.matches ? "auto" : "smooth" });
    const first = !this.#cards.size;
    for (const [key, card] of this.#held) {
      this.#cards.get(key)?.node.remove();
      this.#columns.delete(key);
      this.#cards.set(key, card);
    }
    const added = [...this.#held.values()];
    this.#held.clear();
    this.#below.replaceChildren();
    this.#list.classList.remove("loading");
    this.#list.removeAttribute("aria-busy");
    this.#hang({ slide: !first });
    this.#welcome(added, first);
    this.#roving.settle();
  }

  #welcome(added, first) {
    const newest = this.#ordered()[0];
    this.#newest.replaceChildren("Newest: ", ticking(newest.pin.age_s, newest.heard_ms));
    if (!first) {
      this.#arrived += added.length;
      this.#tell();
    }
    if (calm.matches) return;
    added.forEach(({ node }, index) => {
      node.firstElementChild.animate(
        [{ opacity: 0, transform: "translateY(-12px) scale(.94)" }, { opacity: 1, transform: "none" }],
        { duration: 520, delay: first ? Math.min(index * 24, 500) : 0, easing: "cubic-bezier(.2,.9,.25,1)", fill: "backwards" },
      );
    });
  }

  /** Tells ears of arrivals at most twice a minute. */
  #tell() {
    if (this.#telling) return;
    this.#telling = setTimeout(() => {
      this.#telling = null;
      if (this.#arrived && !this.#hidden) announce(`${count(this.#arrived, "new pin")} on the wall`);
      this.#arrived = 0;
    }, 30_000);
  }

  #ordered() {
    return [...this.#cards.values()].sort((a, b) => b.pin.published_at_ms - a.pin.published_at_ms);
  }

  #hang({ slide }) {
    const width_px = this.#list.clientWidth;
    if (!width_px || !this.#cards.size) return;
    const cards = this.#ordered();
    for (const { key, node } of cards.splice(MOST)) {
      node.remove();
      this.#cards.delete(key);
    }
    const { count: fits } = grid(width_px);
    if (fits !== this.#count) this.#columns.clear();
    this.#count = fits;
    const { columns, places, height_px } = hang(cards, { width_px, caption_px: CAPTION_PX, kept: this.#columns });
    this.#columns = columns;
    this.#list.classList.toggle("still", !slide);
    this.#list.style.height = `${height_px}px`;
    places.forEach((place, index) => put(cards[index].node, place));
    inOrder(this.#list, cards.map(({ node }) => node));
  }

  #isNews(pin) {
    const other = this.#coming.get(pin.pin_id) ?? this.#held.get(pin.pin_id)?.pin ?? this.#cards.get(pin.pin_id)?.pin;
    return !other || other.version < pin.version;
  }

  #pause() {
    this.#paused = !this.#paused;
    this.#live.setAttribute("aria-pressed", String(this.#paused));
    this.#live.lastElementChild.replaceWith(icon(this.#paused ? "play" : "pause"));
    this.#say(this.#paused ? "paused" : "live");
    if (!this.#paused) this.#showHeld();
  }

  #say(state) {
    if (state === "live" && this.#paused) return;
    this.#live.dataset.state = state;
    this.#state.textContent = { live: "Live", paused: "Paused", away: "Reconnecting" }[state];
  }

  #takeDown({ pin_id: key, version }) {
    this.#coming.delete(key);
    this.#held.delete(key);
    const card = this.#cards.get(key);
    if (!card || card.pin.version > version) return;
    this.#cards.delete(key);
    card.node.remove();
    this.#hang({ slide: true });
    this.#roving.settle();
    if (!this.#cards.size) this.#showEmpty();
  }

  #away(error) {
    this.#say("away");
    if (!this.#cards.size) {
      this.#list.replaceChildren();
      this.#list.classList.remove("loading");
      this.#below.replaceChildren(
        noticeNode(noticeOf(error), { retry: () => this.#line.retry(), level: 2 }),
      );
    }
  }

  #showSkeleton() {
    this.#list.classList.add("loading");
    this.#list.setAttribute("aria-busy", "true");
    const ratios = [0.75, 1, 0.67, 1.33, 0.8, 1, 0.67, 0.75, 1, 1.5, 0.75, 0.67];
    this.#list.replaceChildren(
      ...ratios.map((ratio) => {
        const bone = element("li.bone", { "aria-hidden": "true" });
        bone.style.aspectRatio = ratio;
        return bone;
      }),
    );
  }

  #showEmpty() {
    this.#list.classList.remove("loading");
    this.#list.removeAttribute("aria-busy");
    this.#list.replaceChildren();
    this.#below.replaceChildren(noticeNode(EMPTY_WALL, { level: 2 }));
  }
}

function put(node, { x_px, y_px, width_px, height_px }) {
  node.style.width = `${width_px}px`;
  node.style.height = `${height_px}px`;
  node.style.transform = `translate(${x_px}px, ${y_px}px)`;
}

/** Makes `nodes` the children of `list` in that order, moving as few as can be, so that focus stays where it is. */
function inOrder(list, nodes) {
  const wanted = new Set(nodes);
  for (const child of [...list.children]) if (!wanted.has(child)) child.remove();
  nodes.forEach((node, index) => {
    if (list.children[index] !== node) list.insertBefore(node, list.children[index] ?? null);
  });
}
