import assert from "node:assert/strict";
import { test } from "node:test";

import { LENS, NOT_FOUND, WALL, addressOf, pinRoute, parseRoute, safeLink } from "../../../api/web/js/navigation/routes.js";

test("every route has an address that leads back to it", () => {
  const routes = [
    WALL,
    LENS,
    pinRoute("a-1"),
    pinRoute("a-1", { kind: "related" }, true),
    pinRoute("a-1", { kind: "similar", slot: 3, anyLabel: false }),
    pinRoute("a-1", { kind: "similar", slot: 3, anyLabel: true }, true),
    pinRoute("a-1", { kind: "flashlight", box: [0.1, 0.2, 0.35, 1] }),
  ];

  for (const route of routes) assert.deepEqual(parseRoute(addressOf(route)), route);
});

test("a pin can be named in the query too", () => {
  assert.deepEqual(parseRoute("/?pin=a_B-9&object=2"), pinRoute("a_B-9", { kind: "similar", slot: 2, anyLabel: false }));
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
    assert.deepEqual(parseRoute(`/pins/a?${query}`), pinRoute("a"), query);
  }
});

test("what is no route", () => {
  for (const path of ["/pins/", "/pins/a/b", "/pins/%2f", "/pins/a b", "/x", `/pins/${"a".repeat(65)}`, "/?pin="]) {
    assert.deepEqual(parseRoute(path), NOT_FOUND, path);
  }
});

test("only links that a browser may safely follow are kept", () => {
  assert.equal(safeLink("https://example.org/a"), "https://example.org/a");
  for (const link of ["javascript:alert(1)", "data:text/html,x", "", "//example.org", "file:///etc/passwd"]) {
    assert.equal(safeLink(link), null, link);
  }
});
