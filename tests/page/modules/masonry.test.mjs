import assert from "node:assert/strict";
import { test } from "node:test";

import { grid, layOut } from "../../../api/web/js/wall/masonry.js";

const pins = (count) =>
  Array.from({ length: count }, (_, index) => ({ key: `p${index}`, ratio: 0.6 + ((index * 7) % 10) / 10 }));
const at = { width_px: 1200, caption_px: 34 };

test("columns fill the width, from two on a phone to eight on a wall", () => {
  for (const width_px of [320, 390, 768, 1280, 1760, 4000]) {
    const { count, gap_px, column_px } = grid(width_px);
    assert.ok(count >= 2 && count <= 8);
    assert.ok(Math.abs(count * column_px + (count - 1) * gap_px - width_px) < 1e-6);
  }
});

test("no pin covers another, none leaves the wall, and each keeps its shape", () => {
  const shown = pins(60);
  const { positions, height_px } = layOut(shown, at);
  positions.forEach((a, i) => {
    assert.ok(a.x_px >= 0 && a.x_px + a.width_px <= 1200 + 1e-6 && a.y_px + a.height_px <= height_px);
    assert.ok(Math.abs(a.width_px / (a.height_px - 34) - shown[i].ratio) < 0.02);
    for (const b of positions.slice(0, i)) {
      const apart = a.x_px >= b.x_px + b.width_px || b.x_px >= a.x_px + a.width_px;
      assert.ok(apart || a.y_px >= b.y_px + b.height_px || b.y_px >= a.y_px + a.height_px);
    }
  });
});

test("newer pins layOut above older ones of their column", () => {
  const { columns, positions } = layOut(pins(40), at);
  const last = new Map();
  for (const { key, y_px } of positions) {
    const column = columns.get(key);
    assert.ok(y_px >= (last.get(column) ?? 0));
    last.set(column, y_px);
  }
});

test("a pin keeps its column when others arrive, and only that column moves down", () => {
  const before = layOut(pins(20), at);
  const after = layOut([{ key: "new", ratio: 1 }, ...pins(20)], { ...at, kept: before.columns });
  const mine = after.columns.get("new");

  for (const [index, position] of before.positions.entries()) {
    const now = after.positions[index + 1];
    assert.equal(now.x_px, position.x_px);
    assert.equal(now.y_px > position.y_px, before.columns.get(position.key) === mine);
  }
});

test("columns stay about equally long", () => {
  const { columns, positions } = layOut(pins(80), at);
  const ends = new Map(positions.map(({ key, y_px, height_px }) => [columns.get(key), y_px + height_px]));
  const tallest = Math.max(...positions.map(({ height_px }) => height_px));
  assert.ok(Math.max(...ends.values()) - Math.min(...ends.values()) <= tallest + 20);
});

test("an empty wall has no height", () => {
  assert.equal(layOut([], at).height_px, 0);
});
