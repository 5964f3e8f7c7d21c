// The large picture of a pin or photo: its objects as dots, and their boxes on hover and focus.

import { middle, spread } from "./boxes.js";
import { button, element, placeOver } from "../ui/dom.js";
import { percent } from "../ui/labels.js";

const APART_PX = 34;
const LARGE_PX = 1280;

/**
 * Calls `chosen(slot)` when a dot is clicked.
 *
 * `node` goes into the page; `frame` holds exactly the picture. `numbered` dots show their slots. The view around it
 * must set `--ratio`, width by height.
 */
export function makeLargePicture({ img, chosen, numbered = false }) {
  const layer = element("div.dots");
  const frame = element("div.frame", {}, img, layer);
  const node = element("figure.stage", {}, frame);
  let dots = [];
  let selected = null;

  function place() {
    const { width, height } = frame.getBoundingClientRect();
    if (!width) return;
    const points = dots.map(({ box }) => middle(box));
    const apart = spread(points, { width_px: width, height_px: height, apart_px: APART_PX });
    dots.forEach((dot, index) => {
      dot.node.style.left = `${apart[index][0] * 100}%`;
      dot.node.style.top = `${apart[index][1] * 100}%`;
    });
  }

  function show(objects) {
    dots = objects.map((object) => makeDot(object, chosen, numbered));
    layer.replaceChildren(...dots.flatMap(({ outline, node: dot }) => [outline, dot]));
    place();
    select(selected);
  }

  function select(slot) {
    selected = slot;
    for (const dot of dots) {
      dot.node.setAttribute("aria-pressed", String(dot.slot === slot));
      dot.outline.classList.toggle("chosen", dot.slot === slot);
    }
    frame.classList.toggle(
      "has-choice",
      dots.some((dot) => dot.slot === slot),
    );
  }

  new ResizeObserver(place).observe(frame);
  return {
    node,
    frame,
    show,
    select,
    /** Shows the box of one object, or of none (null), as hovering does. */
    point(slot) {
      for (const dot of dots) dot.outline.classList.toggle("pointed", dot.slot === slot);
    },
    /** Replaces the picture by a larger one when that is loaded. */
    async sharpen(address) {
      const large = element("img", { src: address, alt: img.alt, draggable: "false" });
      try {
        await large.decode();
        frame.querySelector("img, .placeholder").replaceWith(large);
      } catch {
        // The small one stays.
      }
    },
  };
}

export function largePictureUrl({ thumbnail, picture }) {
  return picture ?? `${thumbnail}&width_px=${LARGE_PX}`;
}

function makeDot({ slot, label, score, box }, chosen, numbered) {
  const outline = element(
    "span.outline",
    { "aria-hidden": "true" },
    element("span.outline-name", {}, `${label} ${percent(score)}`),
  );
  placeOver(outline, box);
  outline.classList.toggle("high", box[1] < 0.06);
  const point = (on) => () => outline.classList.toggle("hovered", on);
  const node = button(
    ".dot",
    () => chosen(slot),
    { "aria-label": `${label}, ${percent(score)} sure`, "aria-pressed": "false" },
    numbered && element("span.dot-number", { "aria-hidden": "true" }, String(slot)),
  );
  for (const event of ["pointerenter", "focus"]) node.addEventListener(event, point(true));
  for (const event of ["pointerleave", "blur"]) node.addEventListener(event, point(false));
  return { slot, box, node, outline };
}
