// One tab stop for many things: arrows go to the nearest neighbour in their direction.

const DIRECTIONS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/**
 * The index of the place to go to from `from` when `key` is pressed, or null to stay. Pure.
 *
 * Places are `{x_px, y_px, width_px, height_px}` in reading order; Home and End go to the first and last.
 */
export function neighbour(places, from, key) {
  if (key === "Home") return places.length ? 0 : null;
  if (key === "End") return places.length ? places.length - 1 : null;
  const direction = DIRECTIONS[key];
  if (!direction) return null;
  let [nearest, least] = [null, Infinity];
  places.forEach((place, index) => {
    const cost = index === from ? null : costOf(places[from], place, direction);
    if (cost !== null && cost < least) [nearest, least] = [index, cost];
  });
  return nearest;
}

/** Gives the children of `list` that match `selector` one tab stop together, and arrows between them. */
export function rove(list, selector) {
  const stops = () => [...list.querySelectorAll(selector)];
  const choose = (chosen) => stops().forEach((stop) => (stop.tabIndex = stop === chosen ? 0 : -1));
  list.addEventListener("focusin", (event) => {
    const stop = event.target.closest(selector);
    if (stop) choose(stop);
  });
  list.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const all = stops();
    const from = all.indexOf(event.target.closest(selector));
    const to = from < 0 ? null : neighbour(all.map(placeOf), from, event.key);
    if (to === null) return;
    event.preventDefault();
    all[to].focus();
  });
  return {
    /** After children came or went: there is exactly one tab stop, the old one if it is still there. */
    settle() {
      const all = stops();
      if (all.length) choose(all.find((stop) => stop.tabIndex === 0) ?? all[0]);
    },
  };
}

function placeOf(node) {
  const { x, y, width, height } = node.getBoundingClientRect();
  return { x_px: x, y_px: y, width_px: width, height_px: height };
}

/** How far `to` is in that direction, being beside it counting double; null where it lies elsewhere. */
function costOf(from, to, [right, down]) {
  const dx = to.x_px + to.width_px / 2 - from.x_px - from.width_px / 2;
  const dy = down > 0 || down < 0 ? to.y_px - from.y_px : middleGap(from, to);
  const along = dx * right + dy * down;
  if (along <= 1) return null;
  const beside = Math.abs(right ? dy : dx);
  return along + 2 * beside;
}

function middleGap(from, to) {
  return to.y_px + to.height_px / 2 - from.y_px - from.height_px / 2;
}
