import assert from "node:assert/strict";
import { test } from "node:test";

import { ageLong, ageShort, publishedAt_ms, freshness } from "../../../api/web/js/ui/age.js";

test("ages are whole units, rounded down, and change unit before they get long", () => {
  const said = [0, 0.99, 1, 12.7, 89.9, 90, 5399, 5400, 129599, 129600, 864000].map(ageShort);

  assert.deepEqual(said, ["now", "now", "1 s", "12 s", "89 s", "1 min", "89 min", "1 h", "35 h", "1 d", "10 d"]);
});

test("ages for screen readers are sentences", () => {
  assert.deepEqual([0.2, 1, 2, 130, 7200].map(ageLong), [
    "just now",
    "1 second old",
    "2 seconds old",
    "2 minutes old",
    "2 hours old",
  ]);
});

test("a clock that is ahead makes no negative ages", () => {
  assert.equal(ageShort(-5), "now");
});

test("freshness falls with age", () => {
  assert.deepEqual([3, 60, 4000].map(freshness), ["new", "fresh", "old"]);
});

test("the time of publication is by this machine's clock", () => {
  assert.equal(publishedAt_ms(2.5, 10_000), 7_500);
});
