// The searches that a pin offers: a row of links, switches, and a heading for screen readers.

import { addressOf, pinRoute } from "../navigation/routes.js";
import { button, element, link, refill } from "../ui/dom.js";
import { icon } from "../ui/icons.js";
import { lower, nameObjects } from "../ui/labels.js";
import { go } from "../navigation/router.js";

/** `{heading, row, controls, reflect}`: `reflect(route, objects)` updates the nodes to `route`. */
export function makeSearchControls() {
  const heading = element("h2.visually-hidden", { id: "answers-heading" });
  const row = element("nav.search-links", { "aria-label": "What to look for" });
  const controls = element("div.controls");
  return {
    heading,
    row,
    controls,
    reflect(route, objects) {
      const object =
        route.search.kind === "similar" ? (objects.find(({ slot }) => slot === route.search.slot) ?? null) : null;
      heading.textContent = headingFor(route, object);
      refill(row, links(route, objects));
      centre(row, row.querySelector("[aria-current]"));
      refill(controls, switches(route, object));
    },
  };
}

function headingFor({ search, shop }, object) {
  const where = shop ? " in the shop" : "";
  if (search.kind === "related") return `Related pins${where}`;
  if (search.kind === "flashlight") return `Like this part${where}`;
  return object ? `${search.anyLabel ? "Anything like" : "Like"} the ${lower(object.label)}${where}` : "Similar looks";
}

function links({ pinId, search, shop }, objects) {
  const to = (name, next, current, mark) =>
    link(".chip", addressOf(pinRoute(pinId, next, shop)), { "aria-current": current ? "true" : null }, mark, name);
  const objectLinks = nameObjects(objects).map(({ slot, name }) => {
    const current = search.kind === "similar" && search.slot === slot;
    return to(name, { kind: "similar", slot, anyLabel: false }, current, element("span.chip-dot"));
  });
  const part = search.kind === "flashlight" ? [to("This part", search, true, icon("flashlight"))] : [];
  return [to("Related pins", { kind: "related" }, search.kind === "related"), ...objectLinks, ...part];
}

function switches({ pinId, search, shop }, object) {
  const shopOnly = switchNode("Shop only", shop, () => go(pinRoute(pinId, search, !shop)));
  if (!object) return [shopOnly];
  const other = { ...search, anyLabel: !search.anyLabel };
  return [switchNode(`${object.label} only`, !search.anyLabel, () => go(pinRoute(pinId, other, shop))), shopOnly];
}

/** Calls `toggle` when it is pressed. */
export function switchNode(name, on, toggle) {
  return button(".switch", toggle, { role: "switch", "aria-checked": String(on) }, element("span.switch-knob"), name);
}

/** Scrolls only `row`, sideways, until `item` is in its middle. */
function centre(row, item) {
  if (item) row.scrollLeft = item.offsetLeft + item.offsetWidth / 2 - row.offsetLeft - row.clientWidth / 2;
}
