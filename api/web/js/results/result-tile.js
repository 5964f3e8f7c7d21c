// The tile of one hit: its picture, or the part of it that matched. All tiles have one shape, so that nothing jumps
// when hits change during a drag.

import { addressOf, pinRoute } from "../navigation/routes.js";
import { isWhole, tileView, within } from "../pin/boxes.js";
import { element, placeOver, link } from "../ui/dom.js";
import { count, percent, priceOf, titleOf } from "../ui/labels.js";
import { loadPicture } from "../ui/picture.js";
import { thumbnail } from "../service/api.js";
import { ageLabel } from "../ui/age-label.js";

export const TILE_RATIO = 0.8;
const SHOWN_PX = 180;
const MIN_SHOWN_SHARE = 0.3;

/** `{node, pictured}`: the tile, and a promise for its picture. `mark` is a node to put onto the picture. */
export function makeResultTile(hit, { received_ms, mark = null }) {
  const frame = element("span.tile-picture", {});
  const price = priceOf(hit);
  const node = element(
    "li.tile",
    { "data-key": `${hit.pin_id}#${hit.slot}` },
    link(
      "",
      addressOf(pinRoute(hit.pin_id)),
      { "data-pin": hit.pin_id, tabindex: "-1" },
      frame,
      mark,
      hit.near_duplicate && element("span.same", {}, duplicateLabel(hit)),
      element("span.tile-title", {}, titleOf(hit)),
      element(
        "span.tile-facts",
        {},
        price ? element("span.tile-price", {}, price) : similarityLabel(hit.relevance ?? hit.similarity),
        ageLabel(hit.age_s, received_ms),
      ),
    ),
  );
  return { node, pictured: showPicture(frame, hit) };
}

/** The shape of a tile while hits are loaded. */
export function tileSkeleton() {
  return element("li.tile.skeleton-tile", { "aria-hidden": "true" }, element("span.tile-picture.skeleton"));
}

function duplicateLabel({ slot, pins }) {
  if (slot > 0) return "Exact match";
  return pins > 1 ? `Same picture, ${count(pins, "pin")}` : "Same picture";
}

function similarityLabel(share) {
  return element("span.likeness", {}, `${percent(share)} alike`);
}

async function showPicture(frame, hit) {
  const whole = isWhole(hit.box);
  const share = whole ? 1 : Math.max(hit.box[2] - hit.box[0], MIN_SHOWN_SHARE);
  const address = thumbnail(hit.thumbnail, SHOWN_PX / share);
  const { img, ratio, missing } = await loadPicture(address, { key: hit.pin_id });
  frame.append(img);
  if (missing) return;
  const seen = tileView(hit.box, { picture: ratio, tile: TILE_RATIO, margin: whole ? 0 : 0.45 });
  placeOver(img, within([0, 0, 1, 1], seen));
  if (whole) return;
  const match = element("span.match");
  placeOver(match, within(hit.box, seen));
  frame.append(match);
}
