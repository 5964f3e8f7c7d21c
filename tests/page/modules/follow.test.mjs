import assert from "node:assert/strict";
import { test } from "node:test";

import { follower, retryDelay_s } from "../../../api/web/js/follow.js";

/** A follower whose clock and answers are in the test's hands. */
function scene() {
  const timers = [];
  const asked = [];
  const heard = [];
  const clock = {
    setTimeout: (act) => timers.push(act),
    clearTimeout: (number) => number && (timers[number - 1] = null),
  };
  const ask = (question, signal) => new Promise((resolve, reject) => asked.push({ question, signal, resolve, reject }));
  const following = follower(ask, {
    answered: (question, answer) => heard.push([question, answer]),
    failed: (question, error) => heard.push([question, error.message]),
    clock,
  });
  const tick = () => timers.splice(0).forEach((act) => act?.());
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  return { following, asked, heard, tick, settled };
}

const questions = (asked) => asked.map(({ question }) => question);

test("of many moves in a moment only the last is asked", async () => {
  const { following, asked, heard, tick, settled } = scene();
  for (const question of [1, 2, 3]) following.move(question);
  tick();
  asked[0].resolve("three");
  await settled();

  assert.deepEqual(questions(asked), [3]);
  assert.deepEqual(heard, [[3, "three"]]);
});

test("while an answer is slow, the newest move waits for it", async () => {
  const { following, asked, heard, tick, settled } = scene();
  following.move(1);
  tick();
  following.move(2);
  tick();
  following.move(3);
  tick();
  assert.deepEqual(questions(asked), [1]);
  asked[0].resolve("one");
  await settled();

  assert.deepEqual(questions(asked), [1, 3]);
  assert.equal(heard.length, 1);
});

test("settling aborts what is under way, and its late answer is not heard", async () => {
  const { following, asked, heard, tick, settled } = scene();
  following.move(1);
  tick();
  following.settle(2);
  assert.equal(asked[0].signal.aborted, true);
  asked[1].resolve("two");
  asked[0].resolve("one");
  await settled();

  assert.deepEqual(heard, [[2, "two"]]);
});

test("a move that settles is asked once", async () => {
  const { following, asked, tick } = scene();
  following.move(1);
  following.settle(1);
  tick();

  assert.deepEqual(questions(asked), [1]);
});

test("failures are heard, and do not end the following", async () => {
  const { following, asked, heard, tick, settled } = scene();
  following.settle(1);
  asked[0].reject(new Error("away"));
  await settled();
  following.move(2);
  tick();
  asked[1].resolve("two");
  await settled();

  assert.deepEqual(heard, [
    [1, "away"],
    [2, "two"],
  ]);
});

test("stopping silences everything", async () => {
  const { following, asked, heard, tick, settled } = scene();
  following.settle(1);
  following.stop();
  asked[0].resolve("one");
  following.move(2);
  following.stop();
  tick();
  await settled();

  assert.deepEqual(heard, []);
  assert.equal(asked.length, 1);
});

test("waits double, up to a quarter of a minute", () => {
  assert.deepEqual([0, 1, 2, 3, 4, 5, 9].map(retryDelay_s), [1, 1, 2, 4, 8, 15, 15]);
});
