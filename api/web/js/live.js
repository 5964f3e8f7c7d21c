// The newest pins as they become searchable: the list, then server-sent events from where it ends, again after a gap.

import { retryDelay_s } from "./follow.js";
import { KeyWanted, getFresh } from "./service.js";

/**
 * Listens until `stop()`. `on.pins(pins)` hears the newest pins, newest first, whenever the line was down before;
 * `on.pin(pin)` each later one, `on.gone({pin_id, version})` each that was deleted; `on.away(error)` that the service
 * cannot be heard. It is asked again by itself, except where it wants a key.
 */
export function listen({ limit, on }) {
  let source = null;
  let timer = null;
  let asking = null;
  let failures = 0;

  async function open() {
    const mine = new AbortController();
    asking = mine;
    try {
      const list = await getFresh(limit, mine.signal);
      if (asking !== mine) return;
      on.pins(list.pins);
      stream(list.last_event_id);
    } catch (error) {
      if (error.name !== "AbortError") again(error);
    }
  }

  function stream(lastEventId) {
    source = new EventSource(`/v1/fresh${lastEventId ? `?last_event_id=${encodeURIComponent(lastEventId)}` : ""}`);
    source.addEventListener("open", () => (failures = 0));
    source.addEventListener("pin", (event) => on.pin(JSON.parse(event.data)));
    source.addEventListener("gone", (event) => on.gone(JSON.parse(event.data)));
    source.addEventListener("error", () => again(new Error("the stream ended")));
  }

  function again(error) {
    stop();
    failures += 1;
    on.away(error);
    if (!(error instanceof KeyWanted)) timer = setTimeout(open, retryDelay_s(failures) * 1000);
  }

  function stop() {
    source?.close();
    source = null;
    asking?.abort();
    asking = null;
    clearTimeout(timer);
  }

  open();
  return {
    stop,
    retry() {
      stop();
      open();
    },
  };
}
