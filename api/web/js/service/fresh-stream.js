// The stream of fresh pins: the newest pins as a list, then server-sent events; after an error both again.

import { KeyNeeded, getFresh, retryDelay_s } from "./api.js";

/**
 * Subscribes until `stop()`. Calls `on.pins(pins)` with the newest pins at each connection, `on.pin(pin)` with each
 * later one, `on.gone({pin_id, version})` for each that was deleted, and `on.disconnected(error)`. Reconnects by
 * itself, unless the service needs a key.
 */
export function subscribe({ limit, on }) {
  let source = null;
  let timer = null;
  let controller = null;
  let failures = 0;

  async function open() {
    const mine = new AbortController();
    controller = mine;
    try {
      const list = await getFresh(limit, mine.signal);
      if (controller !== mine) return;
      on.pins(list.pins);
      stream(list.last_event_id);
    } catch (error) {
      if (error.name !== "AbortError") reconnect(error);
    }
  }

  function stream(lastEventId) {
    source = new EventSource(`/v1/fresh${lastEventId ? `?last_event_id=${encodeURIComponent(lastEventId)}` : ""}`);
    source.addEventListener("open", () => (failures = 0));
    source.addEventListener("pin", (event) => on.pin(JSON.parse(event.data)));
    source.addEventListener("gone", (event) => on.gone(JSON.parse(event.data)));
    source.addEventListener("error", () => reconnect(new Error("the stream ended")));
  }

  function reconnect(error) {
    stop();
    failures += 1;
    on.disconnected(error);
    if (!(error instanceof KeyNeeded)) timer = setTimeout(open, retryDelay_s(failures) * 1000);
  }

  function stop() {
    source?.close();
    source = null;
    controller?.abort();
    controller = null;
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
