import assert from "node:assert/strict";
import { test } from "node:test";

import { count, joinLabels, lower, nameObjects, percent, domainName, priceOf, titleOf } from "../../../api/web/js/ui/labels.js";
import { fitWithin } from "../../../api/web/js/lens/photo.js";

test("prices, with and without a currency that is known", () => {
  assert.equal(priceOf({ price: 59, currency: "EUR" }, "en"), "€59.00");
  assert.equal(priceOf({ price: 59, currency: "" }, "en"), "59");
  assert.equal(priceOf({ price: 59, currency: "no such" }, "en"), "59 no such");
  assert.equal(priceOf({ price: null, currency: "EUR" }), null);
  assert.equal(priceOf({ price: 0, currency: "EUR" }, "en"), "€0.00");
});

test("names", () => {
  assert.equal(titleOf({ title: "", pin_id: "a" }), "a");
  assert.equal(domainName("catalog"), "Shop");
  assert.equal(domainName("elsewhere"), "elsewhere");
  assert.equal(count(1, "pin"), "1 pin");
  assert.equal(count(0, "pin"), "0 pins");
});

test("labels within a sentence, and numbered where several share one", () => {
  assert.deepEqual(["T-Shirt", "Dress", "hat"].map(lower), ["T-shirt", "dress", "hat"]);
  const names = nameObjects([{ label: "Hat" }, { label: "Dress" }, { label: "Hat" }]).map(({ name }) => name);
  assert.deepEqual(names, ["Hat", "Dress", "Hat 2"]);
});

test("lists of labels, each once", () => {
  assert.equal(joinLabels([]), "");
  assert.equal(joinLabels(["Hat"]), "hat");
  assert.equal(joinLabels(["Hat", "Shoes", "Hat", "Dress"]), "hat, shoes and dress");
});

test("shares beyond the ends are cut", () => {
  assert.deepEqual([-0.2, 0.456, 1.3].map(percent), ["0 %", "46 %", "100 %"]);
});

test("photos are made smaller, never larger, and keep their shape", () => {
  assert.deepEqual(fitWithin({ width: 4000, height: 3000 }, 1600), { width: 1600, height: 1200 });
  assert.deepEqual(fitWithin({ width: 300, height: 800 }, 1600), { width: 300, height: 800 });
  assert.deepEqual(fitWithin({ width: 9000, height: 1 }, 1600), { width: 1600, height: 1 });
});
