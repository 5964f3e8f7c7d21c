// Lens: search with a photo. The photo stays in the memory of this page and is sent once per search; closing the page
// forgets it.

import { makeResults } from "../results/results.js";
import { switchNode } from "../pin/search-controls.js";
import { hasCamera, takePhoto } from "./camera.js";
import { button, element } from "../ui/dom.js";
import { icon } from "../ui/icons.js";
import { joinLabels, lower, percent } from "../ui/labels.js";
import { Unreadable, preparePhoto } from "./photo.js";
import { postLens } from "../service/api.js";
import { makeLargePicture } from "../pin/large-picture.js";

const ALL = "all";
const PICTURE = "picture";

let photo = null;

/** Makes `file` the current photo, then calls `ready({problem})`. */
export async function usePhoto(file, { ready }) {
  let next = null;
  let problem = null;
  try {
    next = await preparePhoto(file);
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    problem = error.message;
  }
  if (photo && next) URL.revokeObjectURL(photo.url);
  if (next) photo = { ...next, answers: {} };
  ready({ problem });
}

/** The Lens view in `root`. Calls `take(file)` with each photo that the user chooses. */
export function makeLensView(root, { take, titled, problem = null }) {
  titled("Lens");
  if (!photo || problem) {
    root.replaceChildren(invitation(take, problem));
    return { ready: Promise.resolve(), close() {} };
  }
  return new LensView(root, take);
}

class LensView {
  #shop = false;
  #source = ALL;
  #answer = null;
  #explained = null;
  #understood = element("p.understood", { role: "status" }, "Searching ...");
  #sources = element("div.sources", { role: "group", "aria-label": "Which part of the photo" });
  #picture;
  #results;

  constructor(root, take) {
    const img = element("img", { src: photo.url, alt: "Your photo", draggable: "false" });
    const chosen = (slot) => this.#show(this.#source === slot ? ALL : slot);
    this.#picture = makeLargePicture({ img, numbered: true, chosen });
    this.#results = makeResults({
      fetchPage: (query, cursor, signal) => this.#search(signal),
      on: { onAnswer: () => this.#explain() },
      empty: () => ({
        title: "Nothing similar yet",
        text: this.#shop ? "Try without the shop filter." : "Try a closer photo of one object.",
      }),
      mark: (hit) => sourceMark(hit),
    });
    this.#results.list.addEventListener("pointerover", (event) => this.#pointAt(event));
    this.#results.list.addEventListener("focusin", (event) => this.#pointAt(event));
    this.#results.list.addEventListener("pointerleave", () => this.#picture.point(null));
    const layout = this.#layout(take);
    layout.style.setProperty("--ratio", photo.ratio);
    root.replaceChildren(layout);
    this.#results.searchNow({}, { anew: true });
    this.ready = img.decode().catch(() => {});
  }

  close() {
    this.#results.stop();
  }

  #layout(take) {
    const shop = switchNode("Shop only", false, () => this.#toggleShop(shop));
    return element(
      "article.pin.lens",
      {},
      element(
        "div.pin-side",
        {},
        this.#picture.node,
        element("div.pin-tools", {}, photoButtons(take, { small: true })),
        element(
          "header.pin-facts",
          {},
          element("h1", { tabindex: "-1" }, "Your photo"),
          this.#understood,
          privacyNote(),
        ),
      ),
      element(
        "section.pin-answers",
        { "aria-labelledby": "answers-heading" },
        element("h2.visually-hidden", { id: "answers-heading" }, "Pins like it"),
        element("header.answers-head", {}, this.#sources, element("div.controls", {}, shop)),
        this.#results.node,
      ),
    );
  }

  async #search(signal) {
    const searched = photo;
    searched.answers[this.#shop] ??= {
      ...(await postLens(searched.blob, { shop: this.#shop }, signal)),
      received_ms: Date.now(),
    };
    this.#answer = searched.answers[this.#shop];
    return { ...this.#answer, hits: this.#answer.hits.filter((hit) => isFrom(hit, this.#source)) };
  }

  #explain() {
    if (this.#explained === this.#answer) return;
    this.#explained = this.#answer;
    const { objects, dominant } = this.#answer.understood;
    const labels = objects.map(({ label }) => label);
    this.#understood.textContent = objects.length
      ? `Seen: ${joinLabels(labels)}.${dominant !== null ? ` Main subject: ${lower(labels[dominant])}.` : ""}`
      : "No single object was found: searched for the whole photo.";
    this.#picture.show(objects.map((object, index) => ({ ...object, slot: index + 1 })));
    this.#listSources(objects);
    this.#reflect();
  }

  #listSources(objects) {
    const count = (from) => this.#answer.hits.filter((hit) => isFrom(hit, from)).length;
    const chip = (from, name, mark) =>
      button(
        ".chip",
        () => this.#show(from),
        { "data-from": from, "aria-pressed": "false" },
        mark,
        name,
        element("span.chip-count", {}, String(count(from))),
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
    this.#source = from;
    this.#reflect();
    this.#results.show({}, { ...this.#answer, hits: this.#answer.hits.filter((hit) => isFrom(hit, from)) });
  }

  #reflect() {
    for (const chip of this.#sources.children)
      chip.setAttribute("aria-pressed", String(chip.dataset.from === String(this.#source)));
    this.#picture.select(typeof this.#source === "number" ? this.#source : null);
  }

  #toggleShop(node) {
    this.#shop = !this.#shop;
    node.setAttribute("aria-checked", String(this.#shop));
    this.#results.searchNow({});
  }

  #pointAt(event) {
    const key = event.target.closest("li")?.dataset.key;
    const hit = this.#answer?.hits.find((one) => `${one.pin_id}#${one.slot}` === key);
    this.#picture.point(hit?.source === "object" ? hit.object + 1 : null);
  }
}

function isFrom(hit, from) {
  if (from === ALL) return true;
  return from === PICTURE ? hit.source === "picture" : hit.source === "object" && hit.object + 1 === from;
}

function sourceMark({ source, object }) {
  if (source === "object")
    return element("span.number.source", {}, element("span.visually-hidden", {}, "like object "), String(object + 1));
  return null;
}

function invitation(take, problem) {
  return element(
    "section.invitation",
    {},
    element("div.invitation-art", { "aria-hidden": "true" }, icon("lens")),
    element("h1", { tabindex: "-1" }, "Search with a photo"),
    element(
      "p",
      {},
      "Lens finds pins like your photo and like each object on it, even pins that were saved seconds ago.",
    ),
    problem && element("p.error", { role: "alert" }, problem),
    photoButtons(take, {}),
    element("p.hint", {}, "You can also drop a picture anywhere on this page, or paste one."),
    privacyNote(),
  );
}

function privacyNote() {
  return element(
    "p.privacy-note",
    {},
    "Your photo is used for this search only and not kept. ",
    "Its location and time are removed before it leaves this browser.",
  );
}

/** Buttons to choose a file or use the camera. */
function photoButtons(take, { small = false }) {
  const input = element("input.visually-hidden", {
    type: "file",
    accept: "image/*",
    id: "photo-file",
    tabindex: "-1",
    "aria-hidden": "true",
  });
  input.addEventListener("change", () => input.files[0] && take(input.files[0]));
  const error = element("p.error", { role: "alert", hidden: true });
  const shoot = async () => {
    try {
      const taken = await takePhoto();
      if (taken) take(taken);
    } catch {
      error.textContent = "This page cannot use a camera. Choose a file instead.";
      error.hidden = false;
    }
  };
  const kind = small ? ".button.small" : ".button";
  return element(
    "div.photo-buttons",
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
    error,
  );
}
