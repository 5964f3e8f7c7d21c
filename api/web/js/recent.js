// What was answered lately, so that the back button shows at once what was there, however far down.

const MOST = 24;
const kept = new Map();

/** Keeps `value` under `key`; the oldest of many is forgotten. */
export function remember(key, value) {
  kept.delete(key);
  kept.set(key, value);
  if (kept.size > MOST) kept.delete(kept.keys().next().value);
}

/** What was kept under `key`, or null. */
export function recall(key) {
  return kept.get(key) ?? null;
}
