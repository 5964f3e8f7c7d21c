// Roving tabindex: a list is one tab stop, and arrow keys move between its items.

const DIRECTIONS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/**
 * The index of the item to focus when `key` is pressed on item `from`, or null to stay. Pure.
 *
 * Items are `{x_px, y_px, width_px, height_px}` in reading order; Home and End go to the first and last.
 */
export function neighbour(items, from, key) {
  if (key === "Home") return items.length ? 0 : null;
  if (key === "End") return items.length ? items.length - 1 : null;
  const direction = DIRECTIONS[key];
  if (!direction) return null;
  let [nearest, least] = [null, Infinity];
  items.forEach((item, index) => {
    const cost = index === from ? null : costOf(items[from], item, direction);
    if (cost !== null && cost < least) [nearest, least] = [index, cost];
  });
  return nearest;
}

/** Makes the children of `list` that match `selector` one tab stop. */
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
    const to = from < 0 ? null : neighbour(all.map(rectangleOf), from, event.key);
    if (to === null) return;
    event.preventDefault();
    all[to].focus();
  });
  return {
    /** Call it after children were added or removed: the old tab stop stays if it is still there. */
    update() {
      const all = stops();
      if (all.length) choose(all.find((stop) => stop.tabIndex === 0) ?? all[0]);
    },
  };
}

function rectangleOf(node) {
  const { x, y, width, height } = node.getBoundingClientRect();
  return { x_px: x, y_px: y, width_px: width, height_px: height };
}

/** The distance to `to` in that direction, sideways counting double; null if `to` is not in that direction. */
function costOf(from, to, [right, down]) {
  const dx = to.x_px + to.width_px / 2 - from.x_px - from.width_px / 2;
  const dy = down > 0 || down < 0 ? to.y_px - from.y_px : middleGap(from, to);
  const along = dx * right + dy * down;
  if (along <= 1) return null;
  const sideways = Math.abs(right ? dy : dx);
  return along + 2 * sideways;
}

function middleGap(from, to) {
  return to.y_px + to.height_px / 2 - from.y_px - from.height_px / 2;
}
