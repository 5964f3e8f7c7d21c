// The age of a pin in words. Pure.

const UNITS = [
  { limit_s: 90, unit_s: 1, short: "s", long: "second" },
  { limit_s: 90 * 60, unit_s: 60, short: "min", long: "minute" },
  { limit_s: 36 * 3600, unit_s: 3600, short: "h", long: "hour" },
  { limit_s: Infinity, unit_s: 86400, short: "d", long: "day" },
];

/** `now`, `12 s`, `3 min`, `2 h`, `5 d`. */
export function ageShort(age_s) {
  if (age_s < 1) return "now";
  const { unit_s, short } = unitOf(age_s);
  return `${Math.floor(age_s / unit_s)} ${short}`;
}

/** The same for screen readers: `just now`, `1 second old`, `3 minutes old`. */
export function ageLong(age_s) {
  if (age_s < 1) return "just now";
  const { unit_s, long } = unitOf(age_s);
  const number = Math.floor(age_s / unit_s);
  return `${number} ${long}${number === 1 ? "" : "s"} old`;
}

/** For the colour of an age: `new` below 10 s, `fresh` below 10 min, then `old`. */
export function freshness(age_s) {
  if (age_s < 10) return "new";
  return age_s < 600 ? "fresh" : "old";
}

/** When the pin was published, by this machine's clock: computed from its age, so clocks need not agree. */
export function publishedAt_ms(age_s, now_ms) {
  return now_ms - age_s * 1000;
}

function unitOf(age_s) {
  return UNITS.find(({ limit_s }) => age_s < limit_s);
}
