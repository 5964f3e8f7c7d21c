// What a pin says of itself, below its picture; and the shape of a pin's view while it is fetched.

import { safeLink } from "./address.js";
import { element } from "./element.js";
import { icon } from "./icons.js";
import { placeName, priceOf, titleOf } from "./labels.js";
import { ticking } from "./ticking.js";
import { tileBone } from "./tile.js";

/** Title, age, where from, price, link and tags of a pin. */
export function facts(pin) {
  const price = priceOf(pin);
  return element(
    "header.pin-facts",
    {},
    element("h1", { tabindex: "-1" }, titleOf(pin)),
    element(
      "p.pin-line",
      {},
      ticking(pin.age_s),
      element("span", {}, placeName(pin.domain)),
      price && element("span.pin-price", {}, price),
      visit(safeLink(pin.link)),
    ),
    pin.tags.length > 0 &&
      element(
        "ul.tags",
        { "aria-label": "Tags" },
        pin.tags.map((tag) => element("li", {}, tag)),
      ),
  );
}

/** Grey shapes where a pin and its answers will be. */
export function pinBones() {
  return element(
    "article.pin",
    { "aria-busy": "true" },
    element("div.pin-side", {}, element("div.bone.bone-stage"), element("h1.unseen", { tabindex: "-1" }, "Loading")),
    element(
      "section.pin-answers",
      { "aria-hidden": "true" },
      element("ul.tiles", {}, Array.from({ length: 12 }, tileBone)),
    ),
  );
}

function visit(address) {
  if (!address) return null;
  const attributes = { href: address, rel: "noopener noreferrer nofollow", target: "_blank" };
  return element("a.visit", attributes, new URL(address).host, icon("visit"));
}
