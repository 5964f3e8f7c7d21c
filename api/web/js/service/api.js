// Calls of the HTTP API, and the kinds of errors that the page distinguishes.

/** An error answer: `status`, `state` (why a pin is missing), and a message for people. */
export class Refused extends Error {
  constructor(status, problem, retryAfter_s) {
    super(problem.detail || problem.title || `The service answered ${status}.`);
    Object.assign(this, { status, state: problem.state ?? null, field: problem.field ?? null, retryAfter_s });
  }
}

/** The service cannot be reached, or is not ready: a retry will help. */
export class Unavailable extends Error {}

/** The service is busy: retry after `retryAfter_s`. */
export class Busy extends Refused {}

/** The service needs an API key. */
export class KeyNeeded extends Refused {}

export const PAGE_HITS = 24;

export function getPin(pinId, signal) {
  return call(`/v1/pins/${pinId}`, { signal });
}

export function getFresh(limit, signal) {
  return call(`/v1/fresh?limit=${limit}`, { signal });
}

/** One page of hits: `search` as in routes.js, `cursor` from the previous page. */
export function getHits(pinId, { search, shop, cursor = null }, signal) {
  const filters = { limit: PAGE_HITS, ...(shop && { domain: "catalog" }), ...(cursor && { cursor }) };
  if (search.kind === "flashlight") {
    const { domain, ...rest } = filters;
    const body = { pin_id: pinId, box: search.box, ...rest, ...(domain && { domain: [domain] }) };
    return call("/v1/flashlight", { method: "POST", json: body, signal });
  }
  const query = new URLSearchParams(filters);
  if (search.kind === "related") return call(`/v1/pins/${pinId}/related?${query}`, { signal });
  if (search.anyLabel) query.set("label", "any");
  return call(`/v1/pins/${pinId}/objects/${search.slot}/similar?${query}`, { signal });
}

/** The hits for a photo. The photo is in the body of this request and nowhere else. */
export function postLens(photo, { shop }, signal) {
  const query = new URLSearchParams({ limit: 2 * PAGE_HITS, ...(shop && { domain: "catalog" }) });
  return call(`/v1/lens?${query}`, { method: "POST", body: photo, signal, headers: { "Content-Type": photo.type } });
}

/** Sends `key` with every request until the browser is closed: a cookie, since `img` elements need it too. */
export function useKey(key) {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `pinstream_key=${encodeURIComponent(key)}; Path=/; SameSite=Strict${secure}`;
}

/** Seconds to wait before a retry, after `failures` in a row: 1, 2, 4, ... up to 15. */
export function retryDelay_s(failures) {
  return Math.min(2 ** Math.max(failures - 1, 0), 15);
}

/** The widths that thumbnails come in. */
export const WIDTHS_PX = [160, 320, 640, 1280];

/** The address of a picture that is sharp at `shown_px` CSS pixels on a screen with `density` pixels to each. */
export function thumbnail(address, shown_px, density = globalThis.devicePixelRatio ?? 1) {
  const wanted_px = shown_px * Math.min(density, 2);
  const width_px = WIDTHS_PX.find((width) => width >= 0.9 * wanted_px) ?? WIDTHS_PX.at(-1);
  return `${address}${address.includes("?") ? "&" : "?"}width_px=${width_px}`;
}

async function call(path, { method = "GET", json, body, headers = {}, signal }) {
  const sent = json
    ? { body: JSON.stringify(json), headers: { "Content-Type": "application/json" } }
    : { body, headers };
  let response;
  try {
    response = await fetch(path, { method, ...sent, signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Unavailable("The service cannot be reached.");
  }
  if (!response.ok) throw await errorOf(response);
  return response.json();
}

async function errorOf(response) {
  const problem = await response.json().catch(() => ({}));
  const retryAfter_s = Number(response.headers.get("Retry-After")) || 1;
  if (response.status === 429) return new Busy(429, problem, retryAfter_s);
  if (response.status === 401) return new KeyNeeded(401, problem, retryAfter_s);
  if (response.status >= 500) return new Unavailable(problem.detail ?? "The service is not ready.");
  return new Refused(response.status, problem, retryAfter_s);
}
