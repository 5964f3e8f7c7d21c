// Words for what pins and hits carry. Pure.

const PLACES = { catalog: "Shop", camera: "Photo", web: "Web" };

/** What a pin is called: its title, else its id. */
export function titleOf({ title, pin_id: pinId }) {
  return title || pinId;
}

/** `Shop`, `Photo` or `Web`. */
export function placeName(domain) {
  return PLACES[domain] ?? domain;
}

/** A price as people write it, or null. */
export function priceOf({ price, currency }, locale = undefined) {
  if (price === null || price === undefined) return null;
  try {
    return new Intl.NumberFormat(locale, currency ? { style: "currency", currency } : {}).format(price);
  } catch {
    return `${price} ${currency}`;
  }
}

/** `92 %`. */
export function percent(share) {
  return `${Math.round(Math.min(Math.max(share, 0), 1) * 100)} %`;
}

/** `1 pin`, `2 pins`. */
export function count(number, noun) {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

/** A label within a sentence: `dress`, but `T-shirt`. */
export function lower(label) {
  const small = label.toLowerCase();
  return /^[A-Z]-/.test(label) ? label[0] + small.slice(1) : small;
}

/** `objects`, each with a `name`: its label, numbered where several share it. */
export function named(objects) {
  const seen = new Map();
  return objects.map((object) => {
    const number = (seen.get(object.label) ?? 0) + 1;
    seen.set(object.label, number);
    return { ...object, name: number > 1 ? `${object.label} ${number}` : object.label };
  });
}

/** `a, b and c`: what a photo was understood to show. */
export function listed(labels) {
  const names = [...new Set(labels.map(lower))];
  return names.length < 2 ? (names[0] ?? "") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}
