import assert from "node:assert/strict";
import { test } from "node:test";

import { neighbour } from "../../../api/web/js/ui/roving-tabindex.js";

// Three columns of uneven heights:  0 1 2
//                                   3 4 5
const items = [
  [0, 0, 100],
  [110, 0, 220],
  [220, 0, 60],
  [0, 110, 150],
  [110, 230, 90],
  [220, 70, 300],
].map(([x_px, y_px, height_px]) => ({ x_px, y_px, width_px: 100, height_px }));

test("arrows go to the neighbour in their direction", () => {
  assert.equal(neighbour(items, 0, "ArrowRight"), 1);
  assert.equal(neighbour(items, 1, "ArrowRight"), 2);
  assert.equal(neighbour(items, 0, "ArrowDown"), 3);
  assert.equal(neighbour(items, 4, "ArrowUp"), 1);
  assert.equal(neighbour(items, 4, "ArrowLeft"), 3);
});

test("at the edge nothing moves", () => {
  assert.equal(neighbour(items, 0, "ArrowLeft"), null);
  assert.equal(neighbour(items, 2, "ArrowUp"), null);
  assert.equal(neighbour(items, 5, "ArrowRight"), null);
  assert.equal(neighbour(items, 3, "Enter"), null);
});

test("Home and End", () => {
  assert.equal(neighbour(items, 3, "Home"), 0);
  assert.equal(neighbour(items, 3, "End"), 5);
  assert.equal(neighbour([], 0, "End"), null);
});
