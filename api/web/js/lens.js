// Lens: a photo of one's own, what it was understood to show, and the pins like it. The photo stays in this page's
// memory and is sent once per question; leaving the page forgets it.

import { LENS } from "./address.js";
import { makeAnswers } from "./answers.js";
import { switchNode } from "./asking.js";
import { hasCamera, takePhoto } from "./camera.js";
import { button, element } from "./element.js";
import { icon } from "./icons.js";
import { listed, lower, percent } from "./labels.js";
import { Unreadable, prepared } from "./photo.js";
import { go } from "./router.js";
import { postLens } from "./service.js";
import { makeStage } from "./stage.js";

const ALL = "all";
const PICTURE = "picture";

let photo = null;

/** Takes `file` as the photo and goes to it. */
export async function lookFor(file, { here }) {
  let next = null;
  let trouble = null;
  try {
    next = await prepared(file);
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    trouble = error.message;
  }
  if (photo && next) URL.revokeObjectURL(photo.url);
  if (next) photo = { ...next, answers: {} };
  here({ trouble });
}

/** The Lens view in `root`. `take(file)` is called with each photo. */
export function makeLensView(root, { take, titled, trouble = null }) {
  titled("Lens");
  if (!photo || trouble) {
    root.replaceChildren(invitation(take, trouble));
    return { ready: Promise.resolve(), close() {} };
  }
  return new LensView(root, take);
}

class LensView {
  #shop = false;
  #from = ALL;
  #answer = null;
  #explained = null;
  #understood = element("p.understood", { role: "status" }, "Looking at it ...");
  #sources = element("div.sources", { role: "group", "aria-label": "Which part of the photo" });
  #stage;
  #answers;

  constructor(root, take) {
    const img = element("img", { src: photo.url, alt: "Your photo", draggable: "false" });
    this.#stage = makeStage({ img, numbered: true, chosen: (slot) => this.#show(this.#from === slot ? ALL : slot) });
    this.#answers = makeAnswers({
      ask: (question, cursor, signal) => this.#ask(signal),
      on: { answered: () => this.#explain() },
      empty: () => ({
        title: "Nothing like it yet",
        text: this.#shop ? "Try without the shop filter." : "Try a closer photo of one thing.",
      }),
      mark: (hit) => sourceMark(hit),
    });
    this.#answers.list.addEventListener("pointerover", (event) => this.#pointAt(event));
    this.#answers.list.addEventListener("focusin", (event) => this.#pointAt(event));
    this.#answers.list.addEventListener("pointerleave", () => this.#stage.point(null));
    const layout = this.#layout(take);
    layout.style.setProperty("--ratio", photo.ratio);
    root.replaceChildren(layout);
    this.#answers.settle({}, { anew: true });
    this.ready = img.decode().catch(() => {});
  }

  close() {
    this.#answers.stop();
  }

  #layout(take) {
    const shop = switchNode("Shop only", false, () => this.#toggleShop(shop));
    return element(
      "article.pin.lens",
      {},
      element(
        "div.pin-side",
        {},
        this.#stage.node,
        element("div.pin-tools", {}, sources(take, { small: true })),
        element("header.pin-facts", {}, element("h1", { tabindex: "-1" }, "Your photo"), this.#understood, promise()),
      ),
      element(
        "section.pin-answers",
        { "aria-labelledby": "answers-heading" },
        element("h2.unseen", { id: "answers-heading" }, "Pins like it"),
        element("header.answers-head", {}, this.#sources, element("div.controls", {}, shop)),
        this.#answers.node,
      ),
    );
  }

  async #ask(signal) {
    const asked = photo;
    asked.answers[this.#shop] ??= {
      ...(await postLens(asked.blob, { shop: this.#shop }, signal)),
      heard_ms: Date.now(),
    };
    this.#answer = asked.answers[this.#shop];
    return { ...this.#answer, hits: this.#answer.hits.filter((hit) => isFrom(hit, this.#from)) };
  }

  #explain() {
    if (this.#explained === this.#answer) return;
    this.#explained = this.#answer;
    const { objects, dominant } = this.#answer.understood;
    const named = objects.map(({ label }) => label);
    this.#understood.textContent = objects.length
      ? `Seen: ${listed(named)}.${dominant !== null ? ` Led by the ${lower(named[dominant])}.` : ""}`
      : "No single thing stands out: looked for as a whole.";
    this.#stage.show(objects.map((object, index) => ({ ...object, slot: index + 1 })));
    this.#listSources(objects);
    this.#reflect();
  }

  #listSources(objects) {
    const count = (from) => this.#answer.hits.filter((hit) => isFrom(hit, from)).length;
    const chip = (from, name, mark) =>
      button(
        ".ask",
        () => this.#show(from),
        { "data-from": from, "aria-pressed": "false" },
        mark,
        name,
        element("span.ask-count", {}, String(count(from))),
      );
    this.#sources.replaceChildren(
      chip(ALL, "Everything"),
      chip(PICTURE, "Whole picture", icon("image")),
      ...objects.map(({ label, score }, index) =>
        chip(index + 1, `${label} ${percent(score)}`, element("span.number", {}, String(index + 1))),
      ),
    );
  }

  #show(from) {
    this.#from = from;
    this.#reflect();
    this.#answers.show({}, { ...this.#answer, hits: this.#answer.hits.filter((hit) => isFrom(hit, from)) });
  }

  #reflect() {
    for (const chip of this.#sources.children)
      chip.setAttribute("aria-pressed", String(chip.dataset.from === String(this.#from)));
    this.#stage.select(typeof this.#from === "number" ? this.#from : null);
  }

  #toggleShop(node) {
    this.#shop = !this.#shop;
    node.setAttribute("aria-checked", String(this.#shop));
    this.#answers.settle({});
  }

  #pointAt(event) {
    const key = event.target.closest("li")?.dataset.key;
    const hit = this.#answer?.hits.find((one) => `${one.pin_id}#${one.slot}` === key);
    this.#stage.point(hit?.source === "object" ? hit.object + 1 : null);
  }
}

function isFrom(hit, from) {
  if (from === ALL) return true;
  return from === PICTURE ? hit.source === "picture" : hit.source === "object" && hit.object + 1 === from;
}

function sourceMark({ source, object }) {
  if (source === "object")
    return element("span.number.source", {}, element("span.unseen", {}, "like thing "), String(object + 1));
  return null;
}

function invitation(take, trouble) {
  return element(
    "section.invitation",
    {},
    element("div.invitation-art", { "aria-hidden": "true" }, icon("lens")),
    element("h1", { tabindex: "-1" }, "Look for what you see"),
    element(
      "p",
      {},
      "Show a photo, and Lens finds pins like it, as a whole and thing by thing, even those saved seconds ago.",
    ),
    trouble && element("p.trouble", { role: "alert" }, trouble),
    sources(take, {}),
    element("p.hint", {}, "Or drop a picture anywhere on this page, or paste one."),
    promise(),
  );
}

function promise() {
  return element(
    "p.promise",
    {},
    "Your photo is searched with once and not kept, and its place and time are removed before it leaves this browser.",
  );
}

/** Ways to give a photo: a file, the camera. */
function sources(take, { small = false }) {
  const input = element("input.unseen", {
    type: "file",
    accept: "image/*",
    id: "photo-file",
    tabindex: "-1",
    "aria-hidden": "true",
  });
  input.addEventListener("change", () => input.files[0] && take(input.files[0]));
  const trouble = element("p.trouble", { role: "alert", hidden: true });
  const shoot = async () => {
    try {
      const taken = await takePhoto();
      if (taken) take(taken);
    } catch {
      trouble.textContent = "There is no camera that this page may use. Choose a file instead.";
      trouble.hidden = false;
    }
  };
  const kind = small ? ".button.small" : ".button";
  return element(
    "div.give",
    {},
    input,
    button(
      small ? kind : ".button.primary",
      () => input.click(),
      {},
      icon("image"),
      small ? "Another photo" : "Choose a photo",
    ),
    hasCamera() && button(kind, shoot, {}, icon("camera"), small ? "Camera" : "Take a photo"),
    trouble,
  );
}

/** Goes to Lens. */
export function openLens() {
  go(LENS);
}
