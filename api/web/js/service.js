// The service behind the page: its calls, and its errors as three kinds that the page tells apart.

/** The service answered no: a problem with `status`, `state` (of a pin that is not there) and words for a person. */
export class Refused extends Error {
  constructor(status, problem, retryAfter_s) {
    super(problem.detail || problem.title || `The service answered ${status}.`);
    Object.assign(this, { status, state: problem.state ?? null, field: problem.field ?? null, retryAfter_s });
  }
}

/** The service cannot be reached, or says that it is not ready: it will come back. */
export class Away extends Error {}

/** The service has too much to do: again after `retryAfter_s`. */
export class Busy extends Refused {}

/** The service answers only who has a key. */
export class KeyWanted extends Refused {}

export const PAGE_HITS = 24;

export function getPin(pinId, signal) {
  return call(`/v1/pins/${pinId}`, { signal });
}

export function getFresh(limit, signal) {
  return call(`/v1/fresh?limit=${limit}`, { signal });
}

/** The hits for what is asked of a pin: `asks` as in address.js; `cursor` of the answer before for more. */
export function getHits(pinId, { asks, shop, cursor = null }, signal) {
  const filters = { limit: PAGE_HITS, ...(shop && { domain: "catalog" }), ...(cursor && { cursor }) };
  if (asks.kind === "flashlight") {
    const { domain, ...rest } = filters;
    const body = { pin_id: pinId, box: asks.box, ...rest, ...(domain && { domain: [domain] }) };
    return call("/v1/flashlight", { method: "POST", json: body, signal });
  }
  const query = new URLSearchParams(filters);
  if (asks.kind === "related") return call(`/v1/pins/${pinId}/related?${query}`, { signal });
  if (asks.anyLabel) query.set("label", "any");
  return call(`/v1/pins/${pinId}/objects/${asks.slot}/similar?${query}`, { signal });
}

/** What the photo shows, and the hits for it. The photo goes into the body of this one request and nowhere else. */
export function postLens(photo, { shop }, signal) {
  const query = new URLSearchParams({ limit: 2 * PAGE_HITS, ...(shop && { domain: "catalog" }) });
  return call(`/v1/lens?${query}`, { method: "POST", body: photo, signal, headers: { "Content-Type": photo.type } });
}

/** Gives the service `key` from now on, until the browser is closed; a cookie, since pictures need it too. */
export function useKey(key) {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `pinstream_key=${encodeURIComponent(key)}; Path=/; SameSite=Strict${secure}`;
}

/** The widths that the service makes pictures in. */
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
    throw new Away("The service cannot be reached.");
  }
  if (!response.ok) throw await errorOf(response);
  return response.json();
}

async function errorOf(response) {
  const problem = await response.json().catch(() => ({}));
  const retryAfter_s = Number(response.headers.get("Retry-After")) || 1;
  if (response.status === 429) return new Busy(429, problem, retryAfter_s);
  if (response.status === 401) return new KeyWanted(401, problem, retryAfter_s);
  if (response.status >= 500) return new Away(problem.detail ?? "The service is not ready.");
  return new Refused(response.status, problem, retryAfter_s);
}
