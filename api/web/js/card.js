// One pin on the wall.

import { addressOf, pin as placeOfPin } from "./address.js";
import { element, link } from "./element.js";
import { priceOf, titleOf } from "./labels.js";
import { loadPicture } from "./picture.js";
import { thumbnail } from "./service.js";
import { ticking } from "./ticking.js";

export const CAPTION_PX = 34;

/** The pin's card once its picture is there: `{key, pin, ratio, node}`. */
export async function makeCard(pin) {
  const { img, ratio } = await loadPicture(thumbnail(pin.thumbnail, 320), { key: pin.pin_id });
  const price = priceOf(pin);
  const node = element(
    "li.card",
    {},
    link(
      "",
      addressOf(placeOfPin(pin.pin_id)),
      { "data-pin": pin.pin_id, tabindex: "-1" },
      element("span.card-picture", {}, img, ticking(pin.age_s), price && element("span.price", {}, price)),
      element("span.card-title", {}, titleOf(pin)),
    ),
  );
  return { key: pin.pin_id, pin, ratio, node };
}
