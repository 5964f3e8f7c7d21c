// Requests for something that changes fast, such as a box that is dragged: only the latest one counts.

/**
 * Calls `request(query, signal)`, which returns a promise, then `onAnswer(query, answer)` or `onError(query, error)`.
 *
 * `soon(query)` waits 90 ms for newer ones. One request runs at a time, and only the newest query waits for it: so
 * answers keep coming while the user drags, each newer than the one before, even from a slow service. `now(query)`
 * aborts the running request and starts at once; an aborted request is not reported. `clock` is for tests.
 */
export function latestRequest(request, { onAnswer, onError, quiet_ms = 90, clock = globalThis }) {
  let timer = null;
  let running = null;
  let waiting = null;

  function start(query) {
    waiting = null;
    const mine = new AbortController();
    running = mine;
    request(query, mine.signal).then(
      (answer) => finish(mine, () => onAnswer(query, answer)),
      (error) => finish(mine, () => onError(query, error)),
    );
  }

  function finish(mine, report) {
    if (running !== mine) return;
    running = null;
    report();
    if (waiting !== null && timer === null) start(waiting.query);
  }

  function stop() {
    clock.clearTimeout(timer);
    timer = null;
    waiting = null;
    running?.abort();
    running = null;
  }

  return {
    soon(query) {
      waiting = { query };
      if (timer !== null) return;
      timer = clock.setTimeout(() => {
        timer = null;
        if (running === null && waiting !== null) start(waiting.query);
      }, quiet_ms);
    },
    now(query) {
      stop();
      start(query);
    },
    stop,
  };
}
