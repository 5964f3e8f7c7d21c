// Pictures, only ever from the thumbnail endpoint: loaded before they are hung, so that their place is right at once.

import { element } from "./element.js";

const DEFAULT_RATIO = 0.8;
const known = new Map();

/**
 * The picture at `address`, loaded: `{img, ratio, missing}`. Never rejects: one that cannot be had is `missing`, and
 * its drawn stand-in takes the usual ratio. `key` (a pin) remembers the ratio for `ratioOf`.
 */
export async function loadPicture(address, { key = null, alt = "" } = {}) {
  const img = element("img", { src: address, alt, decoding: "async", draggable: "false" });
  try {
    await img.decode();
  } catch {
    return { img: standIn(alt), ratio: known.get(key) ?? DEFAULT_RATIO, missing: true };
  }
  const ratio = img.naturalWidth / img.naturalHeight || DEFAULT_RATIO;
  if (key !== null) known.set(key, ratio);
  return { img, ratio, missing: false };
}

/** The ratio (width by height) of a pin's picture, if it was loaded before. */
export function ratioOf(key) {
  return known.get(key) ?? null;
}

/** What hangs where a picture cannot be loaded at all. */
function standIn(alt) {
  return element("div.stand-in", alt ? { role: "img", "aria-label": `${alt} (picture not available)` } : {});
}

/** Resolves when all `promises` are done, or `patience_ms` have passed. */
export function patiently(promises, patience_ms) {
  return Promise.race([Promise.allSettled(promises), new Promise((resolve) => setTimeout(resolve, patience_ms))]);
}
