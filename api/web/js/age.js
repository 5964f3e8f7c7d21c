// How old a pin is, in words. Ages are what this page is about, so they are said the same way everywhere.

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

/** The same for ears: `just now`, `1 second old`, `3 minutes old`. */
export function ageLong(age_s) {
  if (age_s < 1) return "just now";
  const { unit_s, long } = unitOf(age_s);
  const number = Math.floor(age_s / unit_s);
  return `${number} ${long}${number === 1 ? "" : "s"} old`;
}

/** How a pin of that age looks: `new` for the first seconds, then `fresh`, then `settled`. */
export function heat(age_s) {
  if (age_s < 10) return "new";
  return age_s < 600 ? "fresh" : "settled";
}

/** The moment of birth on this machine's clock, from an age that an answer gave just now: no clocks are compared. */
export function bornAt_ms(age_s, now_ms) {
  return now_ms - age_s * 1000;
}

function unitOf(age_s) {
  return UNITS.find(({ limit_s }) => age_s < limit_s);
}
