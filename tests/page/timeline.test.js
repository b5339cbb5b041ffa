import assert from "node:assert/strict";
import { test } from "node:test";
import { timeline } from "../../site/js/core/timeline.js";
import { after, line, message, page, run } from "./room.js";

/** @import { Event, Row, Span } from "../../site/js/types.js" */

/** @param {Event[]} events @param {Span} [span] @returns {any[]} */
const rows = (events, span) => timeline(after(events), span);
const kinds = (/** @type {Row[]} */ rows) => rows.map(({ kind }) => kind).join(" ");

test("lines that are many in a row are one, which says what they come to", () => {
  const come = ["Ada", "Bo", "Cy", "Di", "Bo"].map((name, index) => line(2 + index, `${name} joined r.`));
  const gone = [line(8, "Cy left r."), line(9, "Di left r.")];
  assert.equal(kinds(rows([page(run(1, 1)), ...come.slice(0, 2)])), "day message line line");
  const found = rows([page(run(1, 1)), ...come, ...gone]);
  assert.equal(kinds(found), "day message crowd");
  assert.equal(found[2].lines.length, 7);
  assert.deepEqual(found[2].told, [
    { event: "joined", clients: ["Ada", "Bo", "Cy"], total: 4 },
    { event: "left", clients: ["Cy", "Di"], total: 2 },
  ]);
  // One that says something else stands by itself, and so do those around it.
  const odd = line(4.5, "The room is closing.");
  assert.equal(kinds(rows([page(run(1, 1)), ...come, odd])), "day message crowd line line line");
  // A message in between parts them; the same lines keep their row when more come.
  assert.equal(kinds(rows([page([...run(1, 1), message(4)]), ...come.slice(0, 3)])), "day message line line message line");
  assert.equal(rows([page(run(1, 1)), ...come.slice(0, 3)])[2].key, found[2].key);
});

test("a crowd that the server has summed up counts in full", () => {
  const crowd = { ...line(4, "…"), event: /** @type {const} */ ("joined"), clients: ["Bo", "Cy", "Di"], total: 100 };
  const found = rows([page(run(1, 1)), line(2, "Ada joined r."), line(3, "Bo joined r."), crowd]);
  assert.deepEqual(found.at(-1).told, [{ event: "joined", clients: ["Ada", "Bo", "Cy"], total: 101 }]);
});

test("only lines of exactly the known form say who came or went", () => {
  const told = (/** @type {string} */ content) => rows([page(run(1, 1)), line(2, content)]).at(-1).told;
  assert.deepEqual(told("Ada joined r."), { event: "joined", clients: ["Ada"], total: 1 });
  assert.deepEqual(told("a joined r. joined r."), { event: "joined", clients: ["a joined r."], total: 1 });
  for (const content of ["Ada joined q.", "Ada joined r", " joined r.", "Ada has joined r!"]) assert.equal(told(content), null);
});

test("a span has the rows that it has in the whole log", () => {
  /** @type {Event[]} */
  const events = [
    page([...run(1, 30), ...run(40, 60).map((each) => ({ ...each, client_id: each.seq % 4 ? "Bo" : "Ada" })), message(90_000)]),
    ...[3, 10.5, 10.6, 10.7, 45.5, 80_000].map((seq) => line(seq, `Cy ${seq} joined r.`)),
    { type: "composed", id: "a", content: "a", at: 0 },
  ];
  const whole = rows(events);
  const at = (/** @type {number} */ seq) => whole.findIndex((row) => row.seq === seq);
  for (const [from, to] of [[1, 10], [5, 44], [11, 41], [46, 60], [60, 90_000]]) {
    const part = rows(events, { from, to });
    const start = whole.findIndex(({ key }) => key === part[0].key);
    const bottom = { ...whole[at(to)], last: true };
    assert.deepEqual(part, [...whole.slice(start, at(to)), bottom]);
    // What stands right above the first belongs to it.
    assert.ok(whole.slice(start, at(from)).every(({ kind }) => kind !== "message"));
    assert.ok(from === 1 || whole[start - 1].kind === "message");
  }
  assert.deepEqual(rows(events, { from: 60, to: Infinity }), whole.slice(at(60)));
});

test("new messages begin under a divider, and a group of their own", () => {
  /** @type {Event[]} */
  const events = [page(run(1, 3)), { type: "hid" }, message(4), message(5)];
  const found = rows(events);
  assert.equal(kinds(found), "day message message message unread message message");
  assert.deepEqual(found.filter(({ kind }) => kind === "message").map(({ first, last }) => [first, last]),
    [[true, false], [false, false], [false, true], [true, false], [false, true]]);
});
