// The Flashlight box: drawn on the picture by pointer or keys, and moved, and made larger or smaller.

import { HANDLES, START, between, moved, resized, rounded, spoken } from "./boxes.js";
import { element, lay } from "./element.js";

const STEP = 0.02;
const FINE = 0.005;
const DRAWN_PX = 6;
const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/**
 * A Flashlight on `frame`. `on.move(box)` hears every step of a drag or of the keys, `on.settle(box)` where it ends,
 * `on.close()` that Escape was pressed. A mouse draws a box wherever it drags; a finger, which scrolls, only once the
 * box is open.
 */
export function makeFlashlight(frame, on) {
  const box = element(
    "div.beam",
    {
      role: "application",
      "aria-roledescription": "Flashlight box",
      "aria-describedby": "beam-keys",
      tabindex: "0",
      hidden: true,
    },
    HANDLES.map((handle) => element(`span.handle.${handle}`, { "data-handle": handle })),
  );
  let sides = [...START];
  let drag = null;
  let keyed = null;
  frame.append(box);

  function put(next) {
    sides = next;
    lay(box, sides);
    box.setAttribute("aria-label", `Part of the picture: ${spoken(sides)}`);
  }

  function open(next) {
    put(next);
    box.hidden = false;
    frame.classList.add("lit");
  }

  function close() {
    box.hidden = true;
    frame.classList.remove("lit");
  }

  function at(event) {
    const { left, top, width, height } = frame.getBoundingClientRect();
    return [(event.clientX - left) / width, (event.clientY - top) / height];
  }

  frame.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || event.target.closest(".dot")) return;
    if (event.pointerType !== "mouse" && box.hidden) return;
    const inside = event.target.closest(".beam");
    drag = { id: event.pointerId, from: at(event), px: [event.clientX, event.clientY], begun: false, sides };
    drag.as = event.target.dataset.handle ?? (inside ? "move" : "draw");
  });

  frame.addEventListener("pointermove", (event) => {
    if (drag?.id !== event.pointerId) return;
    const far_px = Math.hypot(event.clientX - drag.px[0], event.clientY - drag.px[1]);
    if (!drag.begun && far_px < DRAWN_PX) return;
    if (!drag.begun) {
      drag.begun = true;
      frame.setPointerCapture(drag.id);
      frame.classList.add("dragging");
    }
    open(dragged(drag, at(event)));
    on.move(rounded(sides));
  });

  function drop(event) {
    if (drag?.id !== event.pointerId) return;
    const { begun } = drag;
    drag = null;
    frame.classList.remove("dragging");
    if (begun) on.settle(rounded(sides));
  }
  frame.addEventListener("pointerup", drop);
  frame.addEventListener("pointercancel", drop);
  frame.addEventListener("dragstart", (event) => event.preventDefault());

  box.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      event.stopPropagation();
      on.close();
      return;
    }
    const direction = KEYS[event.key];
    if (!direction || event.metaKey || event.ctrlKey) return;
    event.preventDefault();
    const step = event.altKey ? FINE : STEP;
    const [dx, dy] = direction.map((part) => part * step);
    put(event.shiftKey ? resized(sides, "se", dx, dy) : moved(sides, dx, dy));
    on.move(rounded(sides));
    clearTimeout(keyed);
    keyed = setTimeout(() => on.settle(rounded(sides)), 250);
  });

  return {
    open,
    close,
    focus: () => box.focus({ preventScroll: true }),
    get isOpen() {
      return !box.hidden;
    },
  };
}

function dragged({ as, from, sides }, to) {
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  if (as === "draw") return between(from, to);
  return as === "move" ? moved(sides, dx, dy) : resized(sides, as, dx, dy);
}
