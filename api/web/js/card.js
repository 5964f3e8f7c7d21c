// One pin on the wall.

import { addressOf, pin as placeOfPin } from "./address.js";
import { element, link } from "./element.js";
import { priceOf, titleOf } from "./labels.js";
import { loadPicture } from "./picture.js";
import { thumbnail } from "./service.js";
import { ticking } from "./ticking.js";

export const CAPTION_PX = 34;
export const SHOWN_PX = 240;

/** The pin's card once its picture is there: `{key, pin, heard_ms, ratio, node}`. */
export async function makeCard(pin) {
  const heard_ms = Date.now();
  const { img, ratio } = await loadPicture(thumbnail(pin.thumbnail, SHOWN_PX), { key: pin.pin_id });
  const price = priceOf(pin);
  const node = element(
    "li.card",
    {},
    link(
      "",
      addressOf(placeOfPin(pin.pin_id)),
      { "data-pin": pin.pin_id, tabindex: "-1" },
      element("span.card-picture", {}, img, ticking(pin.age_s, heard_ms), price && element("span.price", {}, price)),
      element("span.card-title", {}, titleOf(pin)),
    ),
  );
  return { key: pin.pin_id, pin, heard_ms, ratio, node };
}
