// The Flashlight box on the picture: drawn, moved and resized by mouse, finger or keys.

import { HANDLES, START_BOX, boxBetween, describeBox, moveBox, resizeBox, roundBox } from "./boxes.js";
import { element, placeOver } from "../ui/dom.js";

const STEP = 0.02;
const FINE = 0.005;
const MIN_DRAG_PX = 6;
const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/**
 * A Flashlight on `frame`. Calls `on.move(box)` at every step of a drag or a key, `on.done(box)` at its end, and
 * `on.close()` when Escape is pressed. A mouse may draw a box anywhere; a finger only once the box is open, since until
 * then it scrolls.
 */
export function makeFlashlight(frame, on) {
  const box = element(
    "div.flashlight-box",
    {
      role: "application",
      "aria-roledescription": "Flashlight box",
      "aria-describedby": "flashlight-keys",
      tabindex: "0",
      hidden: true,
    },
    HANDLES.map((handle) => element(`span.handle.${handle}`, { "data-handle": handle })),
  );
  let sides = [...START_BOX];
  let drag = null;
  let keyTimer = null;
  frame.append(box);

  function setBox(next) {
    sides = next;
    placeOver(box, sides);
    box.setAttribute("aria-label", `Part of the picture: ${describeBox(sides)}`);
  }

  function open(next) {
    setBox(next);
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
    const inside = event.target.closest(".flashlight-box");
    drag = { id: event.pointerId, from: at(event), px: [event.clientX, event.clientY], started: false, sides };
    drag.as = event.target.dataset.handle ?? (inside ? "move" : "draw");
  });

  frame.addEventListener("pointermove", (event) => {
    if (drag?.id !== event.pointerId) return;
    const distance_px = Math.hypot(event.clientX - drag.px[0], event.clientY - drag.px[1]);
    if (!drag.started && distance_px < MIN_DRAG_PX) return;
    if (!drag.started) {
      drag.started = true;
      frame.setPointerCapture(drag.id);
      frame.classList.add("dragging");
    }
    open(boxAfter(drag, at(event)));
    on.move(roundBox(sides));
  });

  function drop(event) {
    if (drag?.id !== event.pointerId) return;
    const { started } = drag;
    drag = null;
    frame.classList.remove("dragging");
    if (started) on.done(roundBox(sides));
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
    setBox(event.shiftKey ? resizeBox(sides, "se", dx, dy) : moveBox(sides, dx, dy));
    on.move(roundBox(sides));
    clearTimeout(keyTimer);
    keyTimer = setTimeout(() => on.done(roundBox(sides)), 250);
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

function boxAfter({ as, from, sides }, to) {
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  if (as === "draw") return boxBetween(from, to);
  return as === "move" ? moveBox(sides, dx, dy) : resizeBox(sides, as, dx, dy);
}
