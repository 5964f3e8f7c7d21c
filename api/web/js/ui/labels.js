// Texts for the values of pins and hits. Pure.

const DOMAINS = { catalog: "Shop", camera: "Photo", web: "Web" };

/** The title of a pin, else its id. */
export function titleOf({ title, pin_id: pinId }) {
  return title || pinId;
}

/** `Shop`, `Photo` or `Web`. */
export function domainName(domain) {
  return DOMAINS[domain] ?? domain;
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
export function nameObjects(objects) {
  const seen = new Map();
  return objects.map((object) => {
    const number = (seen.get(object.label) ?? 0) + 1;
    seen.set(object.label, number);
    return { ...object, name: number > 1 ? `${object.label} ${number}` : object.label };
  });
}

/** `a, b and c`: the labels, each once. */
export function joinLabels(labels) {
  const names = [...new Set(labels.map(lower))];
  return names.length < 2 ? (names[0] ?? "") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}
