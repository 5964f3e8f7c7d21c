import assert from "node:assert/strict";
import { test } from "node:test";

import { latestRequest } from "../../../api/web/js/service/latest-request.js";

/** The clock and the answers are in the test's hands. */
function scene() {
  const timers = [];
  const sent = [];
  const reported = [];
  const clock = {
    setTimeout: (act) => timers.push(act),
    clearTimeout: (number) => number && (timers[number - 1] = null),
  };
  const request = (query, signal) => new Promise((resolve, reject) => sent.push({ query, signal, resolve, reject }));
  const requests = latestRequest(request, {
    onAnswer: (query, answer) => reported.push([query, answer]),
    onError: (query, error) => reported.push([query, error.message]),
    clock,
  });
  const tick = () => timers.splice(0).forEach((act) => act?.());
  const flushed = () => new Promise((resolve) => setImmediate(resolve));
  return { requests, sent, reported, tick, flushed };
}

const queries = (sent) => sent.map(({ query }) => query);

test("of many queries within 90 ms only the last is sent", async () => {
  const { requests, sent, reported, tick, flushed } = scene();
  for (const query of [1, 2, 3]) requests.soon(query);
  tick();
  sent[0].resolve("three");
  await flushed();

  assert.deepEqual(queries(sent), [3]);
  assert.deepEqual(reported, [[3, "three"]]);
});

test("while an answer is slow, the newest query waits for it", async () => {
  const { requests, sent, reported, tick, flushed } = scene();
  requests.soon(1);
  tick();
  requests.soon(2);
  tick();
  requests.soon(3);
  tick();
  assert.deepEqual(queries(sent), [1]);
  sent[0].resolve("one");
  await flushed();

  assert.deepEqual(queries(sent), [1, 3]);
  assert.equal(reported.length, 1);
});

test("now() aborts the running request, and its late answer is not reported", async () => {
  const { requests, sent, reported, tick, flushed } = scene();
  requests.soon(1);
  tick();
  requests.now(2);
  assert.equal(sent[0].signal.aborted, true);
  sent[1].resolve("two");
  sent[0].resolve("one");
  await flushed();

  assert.deepEqual(reported, [[2, "two"]]);
});

test("soon() and then now() send one request", async () => {
  const { requests, sent, tick } = scene();
  requests.soon(1);
  requests.now(1);
  tick();

  assert.deepEqual(queries(sent), [1]);
});

test("errors are reported, and later requests are sent", async () => {
  const { requests, sent, reported, tick, flushed } = scene();
  requests.now(1);
  sent[0].reject(new Error("away"));
  await flushed();
  requests.soon(2);
  tick();
  sent[1].resolve("two");
  await flushed();

  assert.deepEqual(reported, [
    [1, "away"],
    [2, "two"],
  ]);
});

test("after stop() nothing is reported", async () => {
  const { requests, sent, reported, tick, flushed } = scene();
  requests.now(1);
  requests.stop();
  sent[0].resolve("one");
  requests.soon(2);
  requests.stop();
  tick();
  await flushed();

  assert.deepEqual(reported, []);
  assert.equal(sent.length, 1);
});
