import assert from "node:assert/strict";
import { test } from "node:test";

import { emptyHits, noticeOf } from "../../../api/web/js/ui/notice-texts.js";
import { Busy, KeyNeeded, Refused, retryDelay_s, thumbnail, Unavailable } from "../../../api/web/js/service/api.js";

const missing = (state) => noticeOf(new Refused(404, { state, detail: "the picture has 3 pixels" }, 1));

test("each way for a pin to be missing has words of its own", () => {
  const titles = ["deleted", "unknown", "not-indexed-yet", "dead"].map((state) => missing(state).title);

  assert.equal(new Set(titles).size, 4);
  assert.match(missing("dead").text, /3 pixels/);
});

test("only what may change by itself is retried", () => {
  assert.equal(missing("not-indexed-yet").retry_s, 1);
  assert.equal(missing("deleted").retry_s, undefined);
  assert.deepEqual(
    [1, 2, 3, 9].map((failures) => noticeOf(new Unavailable(""), failures).retry_s),
    [1, 2, 4, 15],
  );
  assert.equal(noticeOf(new Busy(429, {}, 7)).retry_s, 7);
  assert.equal(noticeOf(new KeyNeeded(401, {}, 1)).retry_s, undefined);
});

test("other refusals say what the service said", () => {
  assert.equal(noticeOf(new Refused(422, { detail: "box: too small" }, 1)).text, "box: too small");
});

test("no hits: what could let some in", () => {
  const similar = { kind: "similar", slot: 1, anyLabel: false };
  assert.equal(emptyHits({ search: similar, shop: true }, "Hat").widen, "everywhere");
  assert.equal(emptyHits({ search: similar, shop: false }, "Hat").widen, "label");
  assert.equal(emptyHits({ search: { ...similar, anyLabel: true }, shop: false }, "Hat").widen, undefined);
  assert.equal(emptyHits({ search: { kind: "related" }, shop: false }, "").widen, undefined);
});

test("pictures are requested as wide as they are shown, up to twice the density", () => {
  const widths = [
    [240, 1],
    [240, 2],
    [240, 3],
    [170, 1],
    [500, 1],
    [4000, 2],
  ].map(([shown_px, density]) => thumbnail("/v1/pins/a/thumbnail?version=1", shown_px, density).split("width_px=")[1]);

  assert.deepEqual(widths, ["320", "640", "640", "160", "640", "1280"]);
});

test("waits double, up to a quarter of a minute", () => {
  assert.deepEqual([0, 1, 2, 3, 4, 5, 9].map(retryDelay_s), [1, 1, 2, 4, 8, 15, 15]);
});
