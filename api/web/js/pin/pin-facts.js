// The facts of a pin, below its picture; and the skeleton of a pin's view while it is loaded.

import { safeLink } from "../navigation/routes.js";
import { element } from "../ui/dom.js";
import { icon } from "../ui/icons.js";
import { domainName, priceOf, titleOf } from "../ui/labels.js";
import { ageLabel } from "../ui/age-label.js";
import { tileSkeleton } from "../results/result-tile.js";

/** Title, age, domain, price, link and tags. */
export function pinFacts(pin) {
  const price = priceOf(pin);
  return element(
    "header.pin-facts",
    {},
    element("h1", { tabindex: "-1" }, titleOf(pin)),
    element(
      "p.pin-line",
      {},
      ageLabel(pin.age_s),
      element("span", {}, domainName(pin.domain)),
      price && element("span.pin-price", {}, price),
      visitLink(safeLink(pin.link)),
    ),
    pin.tags.length > 0 &&
      element(
        "ul.tags",
        { "aria-label": "Tags" },
        pin.tags.map((tag) => element("li", {}, tag)),
      ),
  );
}

/** Grey shapes where the pin and its hits will be. */
export function pinSkeleton() {
  return element(
    "article.pin",
    { "aria-busy": "true" },
    element(
      "div.pin-side",
      {},
      element("div.skeleton.skeleton-picture"),
      element("h1.visually-hidden", { tabindex: "-1" }, "Loading"),
    ),
    element(
      "section.pin-answers",
      { "aria-hidden": "true" },
      element("ul.tiles", {}, Array.from({ length: 12 }, tileSkeleton)),
    ),
  );
}

function visitLink(address) {
  if (!address) return null;
  const attributes = { href: address, rel: "noopener noreferrer nofollow", target: "_blank" };
  return element("a.visit", attributes, new URL(address).host, icon("visit"));
}
