import assert from "node:assert/strict";
import { test } from "node:test";
import { emptyLog, latestNews, withMessage, withPage } from "../../site/js/core/log.js";
import { message, page, run } from "./room.js";

/** @import { Log } from "../../site/js/types.js" */

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
