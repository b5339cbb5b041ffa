import assert from "node:assert/strict";
import { test } from "node:test";
import { emptyLog, latestNews, withMessage, withPage } from "../../site/js/core/log.js";
import { after, message, page, run } from "./room.js";

/** @import { Event, Log, State } from "../../site/js/types.js" */

const entered = withPage(emptyLog, page(run(3, 5)));

/** The number of the news, if any. @param {Log} before @param {Log} log */
const news = (before, log) => latestNews(before, log, "Ada")?.seq;

test("what others said last is news once, by a message or by a page", () => {
  const told = withMessage(entered, message(6));
  assert.equal(news(entered, told), 6);
  assert.equal(news(told, told), undefined);
  assert.equal(news(told, withMessage(told, message(6))), undefined);
  assert.equal(news(entered, withPage(entered, page([...run(6, 8), message(9, "Ada")], "after:5"))), 8);
  assert.equal(news(entered, withPage(entered, page([message(6, "Ada")], "after:5"))), undefined);
});

test("neither history nor what a reload had is news", () => {
  assert.equal(news(emptyLog, entered), undefined);
  const early = withMessage(emptyLog, message(5));
  assert.equal(news(emptyLog, early), undefined);
  assert.equal(news(early, withPage(early, page(run(3, 5)))), undefined);
  assert.equal(news(entered, withPage(entered, page([], "after:5"))), undefined);
  const mine = withPage(emptyLog, page([message(3, "Ada")]));
  assert.equal(news(mine, withPage(mine, page(run(1, 2), "before:3"))), undefined);
});

test("what is held back above a hole is news when it comes, and not when the hole is filled", () => {
  const held = withMessage(entered, message(8));
  assert.equal(news(entered, held), 8);
  const later = withMessage(held, message(6));
  assert.equal(news(held, later), undefined);
  const filled = withPage(later, page(run(6, 8), "after:5"));
  assert.deepEqual(filled.messages.map(({ seq }) => seq), [3, 4, 5, 6, 7, 8]);
  assert.equal(news(later, filled), undefined);
});

/** @type {Event} */
const hid = { type: "hid" };
/** Somebody goes up. @type {(seq: number) => Event} */
const up = (seq) => ({ type: "looked", seq, following: false });
const seqs = (/** @type {State} */ { log }) => log.messages.map(({ seq }) => seq);

test("of a log without end the last messages are known, and the others can be had again", () => {
  let [state, most] = [after([page(run(1, 5))]), 0];
  for (const said of run(6, 30_000)) {
    state = after([said], state);
    most = Math.max(most, state.log.messages.length);
  }
  assert.equal(most, 10_000);
  const { first, earlier, cursor } = state.log;
  assert.deepEqual([seqs(state), earlier, cursor], [run(first, 30_000).map(({ seq }) => seq), true, 30_000]);
  assert.ok(first > 20_000 && first <= 25_000);
  const longer = after([up(first), page(run(first - 50, first - 1), `before:${first}`), message(30_001)], state);
  assert.deepEqual(seqs(longer), run(first - 50, 30_001).map(({ seq }) => seq));
  assert.equal(longer.log.first, first - 50);
});

test("what somebody goes back to stays, however much there is; of what is new meanwhile, only the last", () => {
  const back = [page(run(12_001, 15_000)), up(14_000), page(run(1, 12_000), "before:12001")];
  const state = after([...back, page(run(15_001, 34_999), "after:15000")]);
  assert.equal(state.log.messages.length, 34_999);
  const { log, reading } = after(run(35_000, 35_001), state);
  assert.deepEqual([log.first, log.messages.length, log.earlier], [25_002, 10_000, true]);
  assert.deepEqual([reading.unread, reading.divider], [20_001, 25_002]);
});

test("a page that nobody looks at for a day knows the last messages, and where they begin is marked", () => {
  const { log, reading } = after([page(run(1, 5)), hid, page(run(6, 40_000), "after:5"), message(40_001)]);
  assert.deepEqual([log.first, log.messages.length, log.cursor], [30_001, 10_001, 40_001]);
  assert.deepEqual([reading.unread, reading.divider], [39_996, 30_001]);
});
