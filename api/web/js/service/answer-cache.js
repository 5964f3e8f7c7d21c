// The latest answers, so that the back button shows at once what was there, at the same scroll position.

const CAPACITY = 24;
const cached = new Map();

export function cacheAnswer(key, value) {
  cached.delete(key);
  cached.set(key, value);
  if (cached.size > CAPACITY) cached.delete(cached.keys().next().value);
}

export function cachedAnswer(key) {
  return cached.get(key) ?? null;
}
