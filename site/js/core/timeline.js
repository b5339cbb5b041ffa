/** The rows that the log shows, worked out from the state: days, messages in groups, system lines, what is missing. */

/** @import { Gap, Message, MessageRow, Outgoing, Row, State, SystemLine } from "../types.js" */

const GROUP_SPAN = 5 * 60_000;

/** @param {State} state @returns {Row[]} */
export function timeline(state) {
  const messages = withGaps(state.log.messages, state.log.gaps, state.name);
  const rows = withLines(messages, state.lines.map(line));
  for (const item of state.outbox.values()) rows.push(underWay(item, state));
  return withGroups(withDays(rows));
}

/** @param {Message} message @param {string} me @returns {MessageRow} */
function stored({ seq, id, client_id: sender, content, timestamp }, me) {
  const mine = sender === me;
  // A message keeps its row from composing to ack, so it is neither redrawn nor announced twice.
  const key = mine && id !== undefined ? `own ${id}` : `seq ${seq}`;
  const progress = mine ? "stored" : "";
  const at = Date.parse(timestamp);
  return { kind: "message", key, at, sender, content, mine, first: true, id: id ?? "", progress, error: null };
}

/** @param {SystemLine} event @returns {Row} */
function line(event) {
  return { kind: "line", key: `line ${event.timestamp} ${event.content}`, at: Date.parse(event.timestamp), line: event };
}

/** @param {Outgoing} item @param {State} state @returns {MessageRow} */
function underWay({ id, content, at, seq, error }, { name, link }) {
  const progress = error ? "failed" : seq !== null ? "stored" : link.status === "online" ? "sending" : "waiting";
  return { kind: "message", key: `own ${id}`, at, sender: name, content, mine: true, first: true, id, progress, error };
}

/**
 * What is missing goes where it would be; it has no time of its own, and takes that of the message after it.
 * @param {Message[]} messages @param {Gap[]} gaps @param {string} me
 */
function withGaps(messages, gaps, me) {
  /** @type {Row[]} */
  const rows = [];
  let next = 0;
  const upTo = (/** @type {number} */ seq, /** @type {number} */ at) => {
    for (; next < gaps.length && gaps[next].from < seq; next++) {
      const { from, to } = gaps[next];
      rows.push({ kind: "gap", key: `gap ${from}`, at, count: to - from + 1 });
    }
  };
  for (const message of messages) {
    upTo(message.seq, Date.parse(message.timestamp));
    rows.push(stored(message, me));
  }
  upTo(Infinity, NaN);
  return rows;
}

/**
 * System lines carry no seq: each goes before the first message that is later than it. Messages keep their seq order.
 * @param {Row[]} messages @param {Row[]} lines
 */
function withLines(messages, lines) {
  /** @type {Row[]} */
  const rows = [];
  let next = 0;
  for (const message of messages) {
    while (next < lines.length && lines[next].at < message.at) rows.push(lines[next++]);
    rows.push(message);
  }
  return rows.concat(lines.slice(next));
}

/** @param {Row[]} rows @returns {Row[]} */
function withDays(rows) {
  let day = "";
  return rows.flatMap((row) => {
    const its = new Date(row.at).toDateString();
    if (its === day || Number.isNaN(row.at)) return [row];
    day = its;
    return [{ kind: "day", key: `day ${its} ${row.key}`, at: row.at }, row];
  });
}

/** A message right after one of its sender opens no group; no key is used twice. @param {Row[]} rows */
function withGroups(rows) {
  const keys = new Set();
  rows.forEach((row, index) => {
    while (keys.has(row.key)) row.key += " again";
    keys.add(row.key);
    const before = rows[index - 1];
    if (row.kind !== "message" || before?.kind !== "message") return;
    row.first = before.sender !== row.sender || row.at - before.at > GROUP_SPAN;
  });
  return rows;
}
