// The card of one pin on the wall.

import { addressOf, pinRoute } from "../navigation/routes.js";
import { element, link } from "../ui/dom.js";
import { priceOf, titleOf } from "../ui/labels.js";
import { loadPicture } from "../ui/picture.js";
import { thumbnail } from "../service/api.js";
import { ageLabel } from "../ui/age-label.js";

export const CAPTION_PX = 34;
export const SHOWN_PX = 240;

/** The pin's card, when its picture is loaded: `{key, pin, received_ms, ratio, node}`. */
export async function makeWallCard(pin) {
  const received_ms = Date.now();
  const { img, ratio } = await loadPicture(thumbnail(pin.thumbnail, SHOWN_PX), { key: pin.pin_id });
  const price = priceOf(pin);
  const node = element(
    "li.card",
    {},
    link(
      "",
      addressOf(pinRoute(pin.pin_id)),
      { "data-pin": pin.pin_id, tabindex: "-1" },
      element(
        "span.card-picture",
        {},
        img,
        ageLabel(pin.age_s, received_ms),
        price && element("span.price", {}, price),
      ),
      element("span.card-title", {}, titleOf(pin)),
    ),
  );
  return { key: pin.pin_id, pin, received_ms, ratio, node };
}
