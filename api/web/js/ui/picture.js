// Loads pictures, always from the thumbnail endpoint, before they are shown, so that their size is right at once.

import { element } from "./dom.js";

const DEFAULT_RATIO = 0.8;
const ratios = new Map();

/**
 * The picture at `address`, loaded: `{img, ratio, missing}`. Never rejects: a picture that cannot be loaded is
 * `missing`, and `img` is a placeholder. With `key` (a pin), a placeholder gets the ratio that the picture had before.
 */
export async function loadPicture(address, { key = null, alt = "" } = {}) {
  const img = element("img", { src: address, alt, decoding: "async", draggable: "false" });
  try {
    await img.decode();
  } catch {
    return { img: placeholder(alt), ratio: ratios.get(key) ?? DEFAULT_RATIO, missing: true };
  }
  const ratio = img.naturalWidth / img.naturalHeight || DEFAULT_RATIO;
  if (key !== null) ratios.set(key, ratio);
  return { img, ratio, missing: false };
}

function placeholder(alt) {
  return element("div.placeholder", alt ? { role: "img", "aria-label": `${alt} (picture not available)` } : {});
}

/** Resolves when all `promises` are fulfilled or rejected, or after `timeout_ms`. */
export function waitAtMost(promises, timeout_ms) {
  return Promise.race([Promise.allSettled(promises), new Promise((resolve) => setTimeout(resolve, timeout_ms))]);
}
