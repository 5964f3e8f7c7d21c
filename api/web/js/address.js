// What an address means, and the address of what is shown. Pure: history and navigation live in router.js.

import { isBox, rounded } from "./boxes.js";

const PIN_ID = /^[A-Za-z0-9_-]{1,64}$/;

export const WALL = Object.freeze({ view: "wall" });
export const LENS = Object.freeze({ view: "lens" });
export const NOWHERE = Object.freeze({ view: "nowhere" });

/**
 * The place that an address names.
 *
 * A pin's place is `{view: "pin", pinId, asks, shop}`; `asks` is `{kind: "related"}`,
 * `{kind: "similar", slot, anyLabel}` or `{kind: "flashlight", box}`. What cannot be read falls back to Related Pins.
 */
export function placeOf(url) {
  const { pathname, searchParams } = new URL(url, "http://page");
  if (pathname === "/lens") return LENS;
  if (pathname === "/") return searchParams.has("pin") ? pinPlace(searchParams.get("pin"), searchParams) : WALL;
  const [, room, pinId, ...rest] = pathname.split("/");
  return room === "pins" && rest.length === 0 ? pinPlace(pinId, searchParams) : NOWHERE;
}

/** The address of a place, from the root of the site. */
export function addressOf(place) {
  if (place.view === "lens") return "/lens";
  if (place.view !== "pin") return "/";
  const parameters = [];
  const { asks } = place;
  if (asks.kind === "similar") parameters.push(`object=${asks.slot}`);
  if (asks.kind === "similar" && asks.anyLabel) parameters.push("label=any");
  if (asks.kind === "flashlight") parameters.push(`box=${rounded(asks.box).join(",")}`);
  if (place.shop) parameters.push("shop=1");
  return `/pins/${place.pinId}${parameters.length ? `?${parameters.join("&")}` : ""}`;
}

/** The place of a pin and what is asked of it. */
export function pin(pinId, asks = { kind: "related" }, shop = false) {
  return { view: "pin", pinId, asks, shop };
}

/** A link that a pin brought along, if a browser may safely follow it; else null. */
export function safeLink(link) {
  try {
    const { protocol, href } = new URL(link);
    return protocol === "https:" || protocol === "http:" ? href : null;
  } catch {
    return null;
  }
}

function pinPlace(pinId, parameters) {
  return PIN_ID.test(pinId) ? pin(pinId, asksOf(parameters), parameters.get("shop") === "1") : NOWHERE;
}

function asksOf(parameters) {
  const slot = Number(parameters.get("object"));
  if (Number.isInteger(slot) && slot > 0) return { kind: "similar", slot, anyLabel: parameters.get("label") === "any" };
  const box = (parameters.get("box") ?? "").split(",").map((side) => (side === "" ? NaN : Number(side)));
  if (isBox(box)) return { kind: "flashlight", box };
  return { kind: "related" };
}
