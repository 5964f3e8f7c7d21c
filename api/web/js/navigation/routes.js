// Routes: what the page shows, parsed from its address and written as one. Pure; router.js does the navigation.

import { isBox, roundBox } from "../pin/boxes.js";

const PIN_ID = /^[A-Za-z0-9_-]{1,64}$/;

export const WALL = Object.freeze({ view: "wall" });
export const LENS = Object.freeze({ view: "lens" });
export const NOT_FOUND = Object.freeze({ view: "not-found" });

/**
 * The route of an address.
 *
 * A pin's route is `{view: "pin", pinId, search, shop}`; `search` is `{kind: "related"}`,
 * `{kind: "similar", slot, anyLabel}` or `{kind: "flashlight", box}`. Wrong parameters fall back to Related Pins.
 */
export function parseRoute(url) {
  const { pathname, searchParams } = new URL(url, "http://page");
  if (pathname === "/lens") return LENS;
  if (pathname === "/") return searchParams.has("pin") ? parsePinRoute(searchParams.get("pin"), searchParams) : WALL;
  const [, folder, pinId, ...rest] = pathname.split("/");
  return folder === "pins" && rest.length === 0 ? parsePinRoute(pinId, searchParams) : NOT_FOUND;
}

/** The address of a route, without the host. */
export function addressOf(route) {
  if (route.view === "lens") return "/lens";
  if (route.view !== "pin") return "/";
  const parameters = [];
  const { search } = route;
  if (search.kind === "similar") parameters.push(`object=${search.slot}`);
  if (search.kind === "similar" && search.anyLabel) parameters.push("label=any");
  if (search.kind === "flashlight") parameters.push(`box=${roundBox(search.box).join(",")}`);
  if (route.shop) parameters.push("shop=1");
  return `/pins/${route.pinId}${parameters.length ? `?${parameters.join("&")}` : ""}`;
}

export function pinRoute(pinId, search = { kind: "related" }, shop = false) {
  return { view: "pin", pinId, search, shop };
}

/** The link of a pin if it is http(s), else null. */
export function safeLink(link) {
  try {
    const { protocol, href } = new URL(link);
    return protocol === "https:" || protocol === "http:" ? href : null;
  } catch {
    return null;
  }
}

function parsePinRoute(pinId, parameters) {
  return PIN_ID.test(pinId) ? pinRoute(pinId, parseSearch(parameters), parameters.get("shop") === "1") : NOT_FOUND;
}

function parseSearch(parameters) {
  const slot = Number(parameters.get("object"));
  if (Number.isInteger(slot) && slot > 0) return { kind: "similar", slot, anyLabel: parameters.get("label") === "any" };
  const box = (parameters.get("box") ?? "").split(",").map((side) => (side === "" ? NaN : Number(side)));
  if (isBox(box)) return { kind: "flashlight", box };
  return { kind: "related" };
}
