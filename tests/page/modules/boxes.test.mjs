import assert from "node:assert/strict";
import { test } from "node:test";

import * as boxes from "../../../api/web/js/pin/boxes.js";

const near = (actual, expected) =>
  actual.forEach((side, index) => assert.ok(Math.abs(side - expected[index]) < 1e-9, `${actual} is not ${expected}`));

/** Random numbers that are the same on every run. */
function* random(seed) {
  for (let state = seed; ;) {
    state = (state * 1664525 + 1013904223) % 2 ** 32;
    yield state / 2 ** 32;
  }
}

test("two points make a box, whichever is first, cut at the picture's edge", () => {
  near(boxes.boxBetween([0.2, 0.8], [0.6, 0.1]), [0.2, 0.1, 0.6, 0.8]);
  near(boxes.boxBetween([0.5, 0.5], [1.7, -3]), [0.5, 0, 1, 0.5]);
});

test("a box is never too small to mean something, not even in a corner", () => {
  near(boxes.boxBetween([1, 1], [1, 1]), [1 - boxes.MIN_SIDE, 1 - boxes.MIN_SIDE, 1, 1]);
});

test("a moved box keeps its size and stays on the picture", () => {
  near(boxes.moveBox([0.2, 0.2, 0.5, 0.6], 9, -9), [0.7, 0, 1, 0.4]);
});

test("a handle pushes its own sides only", () => {
  near(boxes.resizeBox([0.2, 0.2, 0.5, 0.6], "se", 0.1, 0.2), [0.2, 0.2, 0.6, 0.8]);
  near(boxes.resizeBox([0.2, 0.2, 0.5, 0.6], "w", -0.1, 0.9), [0.1, 0.2, 0.5, 0.6]);
  near(boxes.resizeBox([0.2, 0.2, 0.5, 0.6], "w", 9, 0), [0.5 - boxes.MIN_SIDE, 0.2, 0.5, 0.6]);
});

test("whatever is done to a box, it stays a box", () => {
  const next = random(7);
  const draw = () => next.next().value * 3 - 1;
  let box = [...boxes.START_BOX];
  for (let round = 0; round < 2000; round += 1) {
    const handle = boxes.HANDLES[Math.floor(next.next().value * 8)];
    box = [
      () => boxes.moveBox(box, draw(), draw()),
      () => boxes.resizeBox(box, handle, draw(), draw()),
      () => boxes.boxBetween([draw(), draw()], [draw(), draw()]),
    ][round % 3]();
    assert.ok(boxes.isBox(boxes.roundBox(box)), `${box} after ${handle}`);
  }
});

test("a view has the tile's shape, lies on the picture, and shows the box where it can", () => {
  const next = random(3);
  for (let round = 0; round < 500; round += 1) {
    const [a, b, c, d, picture] = Array.from({ length: 5 }, () => next.next().value);
    const box = boxes.boxBetween([a, b], [c, d]);
    const ratio = 0.4 + picture * 2;
    const [left, top, right, bottom] = boxes.tileView(box, { picture: ratio, tile: 0.8 });
    assert.ok(left >= -1e-9 && top >= -1e-9 && right <= 1 + 1e-9 && bottom <= 1 + 1e-9);
    assert.ok(Math.abs(((right - left) * ratio) / (bottom - top) - 0.8) < 1e-6);
    const [x, y] = boxes.middle(box);
    assert.ok(x >= left && x <= right && y >= top && y <= bottom);
  }
});

test("the whole picture in a tile of its own shape is shown whole", () => {
  near(boxes.tileView([0, 0, 1, 1], { picture: 0.8, tile: 0.8 }), [0, 0, 1, 1]);
});

test("a box within a view", () => {
  near(boxes.within([0.5, 0.5, 0.75, 0.75], [0.5, 0.5, 1, 1]), [0, 0, 0.5, 0.5]);
});

test("points are spread until none hides another, and stay near where they were", () => {
  const size = { width_px: 300, height_px: 400, apart_px: 34 };
  const points = [
    [0.5, 0.5],
    [0.5, 0.5],
    [0.52, 0.5],
    [0.1, 0.9],
    [0.999, 0.001],
  ];
  const placed = boxes.spread(points, size).map(([x, y]) => [x * 300, y * 400]);
  for (let i = 0; i < placed.length; i += 1) {
    for (let j = 0; j < i; j += 1) {
      assert.ok(Math.hypot(placed[i][0] - placed[j][0], placed[i][1] - placed[j][1]) > 32);
    }
  }
  near(boxes.spread([[0.3, 0.4]], size)[0], [0.3, 0.4]);
  assert.ok(placed[4][0] <= 300 - 17 && placed[4][1] >= 17);
});

test("what is no box", () => {
  for (const sides of [[], [0, 0, 1], [0.5, 0, 0.5, 1], [0, 0, 1, 1.2], [NaN, 0, 1, 1], [0.9, 0, 0.1, 1]]) {
    assert.equal(boxes.isBox(sides), false, String(sides));
  }
});

test("a box for ears", () => {
  assert.equal(boxes.describeBox([0.2, 0.3, 0.6, 0.8]), "left 20 %, top 30 %, 40 % wide, 50 % high");
});
