import assert from "node:assert/strict";
import { test } from "node:test";

import { LENS, NOWHERE, WALL, addressOf, pin, placeOf, safeLink } from "../../../api/web/js/address.js";

test("every place has an address that leads back to it", () => {
  const places = [
    WALL,
    LENS,
    pin("a-1"),
    pin("a-1", { kind: "related" }, true),
    pin("a-1", { kind: "similar", slot: 3, anyLabel: false }),
    pin("a-1", { kind: "similar", slot: 3, anyLabel: true }, true),
    pin("a-1", { kind: "flashlight", box: [0.1, 0.2, 0.35, 1] }),
  ];

  for (const place of places) assert.deepEqual(placeOf(addressOf(place)), place);
});

test("a pin can be named in the query too", () => {
  assert.deepEqual(placeOf("/?pin=a_B-9&object=2"), pin("a_B-9", { kind: "similar", slot: 2, anyLabel: false }));
});

test("what cannot be read falls back to Related Pins", () => {
  for (const query of [
    "object=0",
    "object=x",
    "object=1.5",
    "box=1,2,3",
    "box=,,,",
    "box=0.9,0,0.1,1",
    "box=a,b,c,d",
  ]) {
    assert.deepEqual(placeOf(`/pins/a?${query}`), pin("a"), query);
  }
});

test("what is no place", () => {
  for (const path of ["/pins/", "/pins/a/b", "/pins/%2f", "/pins/a b", "/x", `/pins/${"a".repeat(65)}`, "/?pin="]) {
    assert.deepEqual(placeOf(path), NOWHERE, path);
  }
});

test("only links that a browser may safely follow are kept", () => {
  assert.equal(safeLink("https://example.org/a"), "https://example.org/a");
  for (const link of ["javascript:alert(1)", "data:text/html,x", "", "//example.org", "file:///etc/passwd"]) {
    assert.equal(safeLink(link), null, link);
  }
});
