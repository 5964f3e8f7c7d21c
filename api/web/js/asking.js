// What can be asked of a pin, as a row of links and switches, and in words.

import { addressOf, pin as placeOfPin } from "./address.js";
import { button, element, link, refill } from "./element.js";
import { icon } from "./icons.js";
import { lower, named } from "./labels.js";
import { go } from "./router.js";

/** `{heading, row, controls, reflect}`: `reflect(place, objects)` makes the nodes say what is asked at `place`. */
export function makeAsking() {
  const heading = element("h2.unseen", { id: "answers-heading" });
  const row = element("nav.asks", { "aria-label": "What to look for" });
  const controls = element("div.controls");
  return {
    heading,
    row,
    controls,
    reflect(place, objects) {
      const thing =
        place.asks.kind === "similar" ? (objects.find(({ slot }) => slot === place.asks.slot) ?? null) : null;
      heading.textContent = wordsFor(place, thing);
      refill(row, links(place, objects));
      bringIntoView(row, row.querySelector("[aria-current]"));
      refill(controls, switches(place, thing));
    },
  };
}

function wordsFor({ asks, shop }, thing) {
  const where = shop ? " in the shop" : "";
  if (asks.kind === "related") return `Related pins${where}`;
  if (asks.kind === "flashlight") return `Like this part${where}`;
  return thing ? `${asks.anyLabel ? "Anything like" : "Like"} the ${lower(thing.label)}${where}` : "Similar looks";
}

function links({ pinId, asks, shop }, objects) {
  const to = (name, next, current, mark) =>
    link(".ask", addressOf(placeOfPin(pinId, next, shop)), { "aria-current": current ? "true" : null }, mark, name);
  const things = named(objects).map(({ slot, name }) => {
    const current = asks.kind === "similar" && asks.slot === slot;
    return to(name, { kind: "similar", slot, anyLabel: false }, current, element("span.ask-dot"));
  });
  const part = asks.kind === "flashlight" ? [to("This part", asks, true, icon("flashlight"))] : [];
  return [to("Related pins", { kind: "related" }, asks.kind === "related"), ...things, ...part];
}

function switches({ pinId, asks, shop }, thing) {
  const shopOnly = switchNode("Shop only", shop, () => go(placeOfPin(pinId, asks, !shop)));
  if (!thing) return [shopOnly];
  const other = { ...asks, anyLabel: !asks.anyLabel };
  return [switchNode(`${thing.label} only`, !asks.anyLabel, () => go(placeOfPin(pinId, other, shop))), shopOnly];
}

/** A switch that says `name`; `turn` is called when it is pressed. */
export function switchNode(name, on, turn) {
  return button(".switch", turn, { role: "switch", "aria-checked": String(on) }, element("span.switch-knob"), name);
}

/** Scrolls `row` sideways, and nothing else, until `item` is in its middle. */
function bringIntoView(row, item) {
  if (item) row.scrollLeft = item.offsetLeft + item.offsetWidth / 2 - row.offsetLeft - row.clientWidth / 2;
}
