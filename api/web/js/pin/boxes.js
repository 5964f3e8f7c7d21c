// Geometry of boxes on a picture: [left, top, right, bottom] as fractions from 0 to 1. Pure.

export const START_BOX = Object.freeze([0.3, 0.3, 0.7, 0.7]);
export const MIN_SIDE = 0.04;
export const HANDLES = Object.freeze(["nw", "n", "ne", "e", "se", "s", "sw", "w"]);

/** The box between two points [x, y], within the picture and at least `MIN_SIDE` wide and high. */
export function boxBetween([x0, y0], [x1, y1]) {
  const [left, right] = span(x0, x1);
  const [top, bottom] = span(y0, y1);
  return [left, top, right, bottom];
}

/** The box moved by (dx, dy), within the picture; its size stays. */
export function moveBox([left, top, right, bottom], dx, dy) {
  const x = clamp(dx, -left, 1 - right);
  const y = clamp(dy, -top, 1 - bottom);
  return [left + x, top + y, right + x, bottom + y];
}

/** The box with the sides that `handle` names (`n`, `se`, ...) moved by (dx, dy). */
export function resizeBox([left, top, right, bottom], handle, dx, dy) {
  return [
    handle.includes("w") ? clamp(left + dx, 0, right - MIN_SIDE) : left,
    handle.includes("n") ? clamp(top + dy, 0, bottom - MIN_SIDE) : top,
    handle.includes("e") ? clamp(right + dx, left + MIN_SIDE, 1) : right,
    handle.includes("s") ? clamp(bottom + dy, top + MIN_SIDE, 1) : bottom,
  ];
}

/** To three decimals, for addresses and requests. */
export function roundBox(box) {
  return box.map((side) => Math.round(side * 1000) / 1000);
}

/** Whether the numbers are a box within the picture. */
export function isBox(sides) {
  if (sides.length !== 4 || !sides.every((side) => side >= 0 && side <= 1)) return false;
  return sides[0] < sides[2] && sides[1] < sides[3];
}

export function isWhole([left, top, right, bottom]) {
  return left <= 0.01 && top <= 0.01 && right >= 0.99 && bottom >= 0.99;
}

export function middle([left, top, right, bottom]) {
  return [(left + right) / 2, (top + bottom) / 2];
}

/** For screen readers: `left 20 %, top 30 %, 40 % wide, 50 % high`. */
export function describeBox([left, top, right, bottom]) {
  const [x, y, width, height] = [left, top, right - left, bottom - top].map((part) => Math.round(part * 100));
  return `left ${x} %, top ${y} %, ${width} % wide, ${height} % high`;
}

/**
 * The part of a picture to show in a tile, so that `box` is seen with a margin around it.
 *
 * `picture` and `tile` are ratios, width by height. Returns a box of the tile's shape within the picture.
 */
export function tileView(box, { picture, tile, margin = 0.3 }) {
  const [width, height] = [(box[2] - box[0]) * picture, box[3] - box[1]];
  const wanted = Math.max(width * (1 + margin), height * (1 + margin) * tile);
  const widest = Math.min(picture, tile);
  const seen = [Math.min(wanted, widest) / picture, Math.min(wanted, widest) / tile];
  const [x, y] = middle(box);
  const left = clamp(x - seen[0] / 2, 0, 1 - seen[0]);
  const top = clamp(y - seen[1] / 2, 0, 1 - seen[1]);
  return [left, top, left + seen[0], top + seen[1]];
}

/** `box` in the coordinates of the part `seen` of the picture; may reach beyond 0 to 1. */
export function within(box, seen) {
  const [width, height] = [seen[2] - seen[0], seen[3] - seen[1]];
  return [
    (box[0] - seen[0]) / width,
    (box[1] - seen[1]) / height,
    (box[2] - seen[0]) / width,
    (box[3] - seen[1]) / height,
  ];
}

/** Points (fractions) moved until any two are `apart_px` apart, on a picture of that size. */
export function spread(points, { width_px, height_px, apart_px }) {
  const placed = points.map(([x, y]) => [x * width_px, y * height_px]);
  for (let round = 0; round < 24; round += 1) {
    let still = true;
    for (let i = 0; i < placed.length; i += 1) {
      for (let j = i + 1; j < placed.length; j += 1) {
        if (pushApart(placed[i], placed[j], apart_px)) still = false;
      }
    }
    if (still) break;
  }
  const edge = apart_px / 2;
  return placed.map(([x, y]) => [
    clamp(x, Math.min(edge, width_px / 2), Math.max(width_px - edge, width_px / 2)) / width_px,
    clamp(y, Math.min(edge, height_px / 2), Math.max(height_px - edge, height_px / 2)) / height_px,
  ]);
}

function pushApart(a, b, apart_px) {
  let [dx, dy] = [b[0] - a[0], b[1] - a[1]];
  let distance = Math.hypot(dx, dy);
  if (distance >= apart_px - 0.5) return false;
  if (distance === 0) [dx, dy, distance] = [0, 1, 1];
  const push = (apart_px - Math.hypot(b[0] - a[0], b[1] - a[1])) / 2 / distance;
  a[0] -= dx * push;
  a[1] -= dy * push;
  b[0] += dx * push;
  b[1] += dy * push;
  return true;
}

function span(a, b) {
  const low = clamp(Math.min(a, b), 0, 1 - MIN_SIDE);
  return [low, Math.max(clamp(Math.max(a, b), 0, 1), low + MIN_SIDE)];
}

function clamp(value, low, high) {
  return Math.min(Math.max(value, low), high);
}
