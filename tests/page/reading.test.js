import assert from "node:assert/strict";
import { test } from "node:test";
import { after, message, page, run } from "./room.js";

/** @import { Event } from "../../site/js/types.js" */

const entered = page(run(1, 5));
/** @type {Event} */
const hid = { type: "hid" };
/** @type {(seq: number, following?: boolean) => Event} */
const looked = (seq, following = false) => ({ type: "looked", seq, following });
/** @type {Event} */
const composed = { type: "composed", id: "a", content: "a", at: 0 };

/** @param {Event[]} events */
function read(...events) {
  const { unread, divider } = after(events).reading;
  return [unread, divider];
}

test("whoever enters has missed nothing, and what comes while one looks is seen", () => {
  assert.deepEqual(read(entered), [0, null]);
  assert.deepEqual(read(hid, entered), [0, null]);
  assert.deepEqual(read(entered, message(6), message(7)), [0, null]);
});

test("what others say while nobody looks is counted, and begins at the first", () => {
  const away = [entered, message(6), hid, message(7, "Ada"), message(8), message(9, "Ada"), message(10)];
  assert.deepEqual(read(...away), [2, 8]);
  // What lies above a hole is not shown yet.
  assert.deepEqual(read(entered, hid, message(7)), [0, null]);
  assert.deepEqual(read(entered, hid, message(7), message(6)), [2, 6]);
  // Earlier ones are not new, whoever asks for them.
  assert.deepEqual(read(page(run(6, 9)), looked(9), message(10), page(run(1, 5), "before:6")), [1, 10]);
});

test("what has been in sight is counted no more; where it began stays", () => {
  const away = [entered, looked(5), message(6), message(7), message(8)];
  assert.deepEqual(read(...away, looked(6)), [2, 6]);
  assert.deepEqual(read(...away, looked(7), looked(2)), [1, 6]);
  assert.deepEqual(read(...away, looked(8, true)), [0, 6]);
  assert.deepEqual(read(...away, looked(8, true), message(9)), [0, 6]);
});

test("a divider goes when one writes, when the page is left, and where the next begins", () => {
  const seen = [entered, hid, message(6), looked(6, true)];
  assert.deepEqual(read(...seen), [0, 6]);
  assert.deepEqual(read(...seen, composed), [0, null]);
  assert.deepEqual(read(...seen, hid), [0, null]);
  assert.deepEqual(read(...seen, looked(6), message(7), message(8)), [2, 7]);
  // Not while it has something to say.
  assert.deepEqual(read(entered, hid, message(6), looked(5), hid), [1, 6]);
  // Whoever writes has read it all, wherever they were.
  assert.deepEqual(read(entered, looked(2), message(6), message(7), composed), [0, null]);
});

test("in a log that begins anew there is nothing new", () => {
  const anew = page([], "after:6");
  assert.deepEqual(read(entered, hid, message(6), anew), [0, null]);
  assert.deepEqual(read(entered, hid, message(6), anew, page([message(1)]), message(2)), [1, 2]);
});

test("what changes nothing is the same state", () => {
  const state = after([entered, looked(4), message(6)]);
  assert.equal(after([looked(4), looked(3)], state), state);
});
