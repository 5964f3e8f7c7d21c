// One hit: its picture, or the part of it that matched, in a tile of fixed shape, so that answers can be exchanged
// while somebody drags without anything jumping.

import { addressOf, pin } from "./address.js";
import { isWhole, view, within } from "./boxes.js";
import { element, lay, link } from "./element.js";
import { count, percent, priceOf, titleOf } from "./labels.js";
import { loadPicture } from "./picture.js";
import { thumbnail } from "./service.js";
import { ticking } from "./ticking.js";

export const TILE_RATIO = 0.8;
const SHOWN_PX = 180;
const CLOSEST = 0.3;

/**
 * `{node, pictured}`: the tile of a hit that was heard of at `heard_ms`, and a promise that its picture is there. `mark`
 * goes onto the picture.
 */
export function makeTile(hit, { heard_ms, mark = null }) {
  const frame = element("span.tile-picture", {});
  const price = priceOf(hit);
  const node = element(
    "li.tile",
    { "data-key": `${hit.pin_id}#${hit.slot}` },
    link(
      "",
      addressOf(pin(hit.pin_id)),
      { "data-pin": hit.pin_id, tabindex: "-1" },
      frame,
      mark,
      hit.near_duplicate && element("span.same", {}, sameness(hit)),
      element("span.tile-title", {}, titleOf(hit)),
      element(
        "span.tile-facts",
        {},
        price ? element("span.tile-price", {}, price) : likeness(hit.relevance ?? hit.similarity),
        ticking(hit.age_s, heard_ms),
      ),
    ),
  );
  return { node, pictured: hang(frame, hit) };
}

/** A tile's empty shape, while it is looked for. */
export function tileBone() {
  return element("li.tile.bone-tile", { "aria-hidden": "true" }, element("span.tile-picture.bone"));
}

function sameness({ slot, pins }) {
  if (slot > 0) return "Exact match";
  return pins > 1 ? `Same picture, ${count(pins, "pin")}` : "Same picture";
}

function likeness(share) {
  return element("span.likeness", {}, `${percent(share)} alike`);
}

async function hang(frame, hit) {
  const whole = isWhole(hit.box);
  const share = whole ? 1 : Math.max(hit.box[2] - hit.box[0], CLOSEST);
  const address = thumbnail(hit.thumbnail, SHOWN_PX / share);
  const { img, ratio, missing } = await loadPicture(address, { key: hit.pin_id });
  frame.append(img);
  if (missing) return;
  const seen = view(hit.box, { picture: ratio, tile: TILE_RATIO, margin: whole ? 0 : 0.45 });
  lay(img, within([0, 0, 1, 1], seen));
  if (whole) return;
  const match = element("span.match");
  lay(match, within(hit.box, seen));
  frame.append(match);
}
