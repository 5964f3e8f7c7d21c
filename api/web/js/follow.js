// Answers that follow something that moves: asked a moment after it settles, the latest question wins.

/**
 * A follower of a moving question.
 *
 * `ask(question, signal)` answers a promise; `answered(question, answer)` and `failed(question, error)` hear of it.
 * While things move, one question at a time is under way and only the newest waits for it, so that answers keep
 * coming however slow they are, each newer than the one before. `settle(question)` aborts whatever is under way and
 * asks at once; nothing is heard of what was aborted. `clock` is for tests.
 */
export function follower(ask, { answered, failed, quiet_ms = 90, clock = globalThis }) {
  let timer = null;
  let underWay = null;
  let waiting = null;

  function begin(question) {
    waiting = null;
    const mine = new AbortController();
    underWay = mine;
    ask(question, mine.signal).then(
      (answer) => finish(mine, () => answered(question, answer)),
      (error) => finish(mine, () => failed(question, error)),
    );
  }

  function finish(mine, report) {
    if (underWay !== mine) return;
    underWay = null;
    report();
    if (waiting !== null && timer === null) begin(waiting.question);
  }

  function stop() {
    clock.clearTimeout(timer);
    timer = null;
    waiting = null;
    underWay?.abort();
    underWay = null;
  }

  return {
    move(question) {
      waiting = { question };
      if (timer !== null) return;
      timer = clock.setTimeout(() => {
        timer = null;
        if (underWay === null && waiting !== null) begin(waiting.question);
      }, quiet_ms);
    },
    settle(question) {
      stop();
      begin(question);
    },
    stop,
  };
}

/** Seconds to wait before the attempt after `failures` failures: 1, 2, 4, ... up to 15. */
export function retryDelay_s(failures) {
  return Math.min(2 ** Math.max(failures - 1, 0), 15);
}
