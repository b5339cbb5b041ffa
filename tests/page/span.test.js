import assert from "node:assert/strict";
import { test } from "node:test";
import { around, bounded, placesOf, shifted, whole } from "../../site/js/core/span.js";
import { run } from "./room.js";

/** @import { Span } from "../../site/js/types.js" */

const many = run(1, 1000);

/** @param {Span} span */
function shown(span, messages = many) {
  const [start, end] = placesOf(messages, span);
  return [messages[start].seq, messages[end - 1].seq];
}

test("a short log is shown whole, and goes on at both ends", () => {
  const few = run(41, 60);
  assert.deepEqual(bounded(few, whole, true), whole);
  assert.deepEqual(shown(whole, run(1, 90)), [1, 90]);
  assert.deepEqual(shifted(few, whole, false), whole);
  assert.deepEqual(shifted(few, whole, true), whole);
  assert.deepEqual(bounded([], around([], 5), false), whole);
});

test("of a long one the end is shown, or what was in sight", () => {
  assert.deepEqual(bounded(run(1, 260), whole, true), whole);
  assert.deepEqual(bounded(many, whole, true), { from: 881, to: Infinity });
  assert.deepEqual(bounded(many, whole, false), { from: 0, to: 260 });
});

test("going up and down shows all of it, never more than can be held, and leaves nothing out", () => {
  let span = bounded(many, whole, true);
  const lengths = [];
  for (const below of [false, true]) {
    for (let step = 0; step < 15; step++) {
      const before = shown(span);
      span = shifted(many, span, below);
      const [first, last] = shown(span);
      lengths.push(last - first + 1);
      assert.ok(first <= before[1] && last >= before[0], "what is in sight stays");
    }
    assert.deepEqual(shown(span), below ? [741, 1000] : [1, 260]);
  }
  assert.equal(span.to, Infinity);
  assert.equal(Math.max(...lengths), 260);
});

test("around a number there are messages before and after it", () => {
  assert.deepEqual(shown(around(many, 500)), [420, 679]);
  assert.deepEqual(around(many, 30), { from: 0, to: 260 });
  assert.deepEqual(around(many, 950), { from: 870, to: Infinity });
});

test("numbers that were never used do not count", () => {
  const sparse = many.filter(({ seq }) => seq % 10 === 0);
  assert.deepEqual(shown({ from: 15, to: 55 }, sparse), [20, 50]);
});
