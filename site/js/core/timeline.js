/**
 * The rows that the log shows of a span of its messages, worked out from the state: days, messages in groups, where the new
 * ones begin, system lines, what is missing.
 */
import { placesOf, whole } from "./span.js";

/** @import { Gap, LineRow, Message, MessageRow, Outgoing, Row, Span, State, Summary, SystemLine } from "../types.js" */

const GROUP_SPAN = 5 * 60_000;
/** So many lines in a row of who came and went are told as one. */
const MANY = 3;
const NAMED = 3;

/** Parsed once for each, as this is asked for every frame. @type {WeakMap<Message | SystemLine, number>} */
const moments = new WeakMap();

/** @param {Message | SystemLine} said */
function momentOf(said) {
  const known = moments.get(said) ?? Date.parse(said.timestamp);
  moments.set(said, known);
  return known;
}

/** @param {State} state @param {Span} span @returns {Row[]} */
export function timeline(state, span = whole) {
  const { log: { messages, gaps }, lines, name, room, reading } = state;
  const [start, end] = placesOf(messages, span);
  const [above, last, isOpen] = [messages[start - 1], messages[end - 1], span.to === Infinity];
  const missing = gaps.filter(({ from }) => !(from < above?.seq) && (isOpen || from < last?.seq));
  const told = lines.filter((line) => !(momentOf(line) < (above ? momentOf(above) : -Infinity))
    && (isOpen || momentOf(line) <= momentOf(last)));
  const rows = withLines(withGaps(messages.slice(start, end), missing, name), told.map((line) => lineOf(line, room)));
  if (isOpen) for (const item of state.outbox.values()) rows.push(underWay(item, state));
  return finished(rows, above && stored(above, name), reading.divider);
}

/** @param {Message} message @param {string} me @returns {MessageRow} */
function stored(message, me) {
  const { seq, id, client_id: sender, content } = message;
  const mine = sender === me;
  // A message keeps its row from composing to ack, so it is neither redrawn nor announced twice.
  const key = mine && id !== undefined ? `own ${id}` : `seq ${seq}`;
  const [at, opens] = [momentOf(message), { first: true, last: true }];
  return { kind: "message", key, at, seq, sender, content, mine, ...opens, id: id ?? "", progress: mine ? "stored" : "", error: null };
}

/** @param {SystemLine} line @param {string} room @returns {LineRow} */
export function lineOf(line, room) {
  const { timestamp, content } = line;
  return { kind: "line", key: `line ${timestamp} ${content}`, at: momentOf(line), content, told: movementOf(line, room) };
}

/** Who came or went, where a line says that in exactly the known form. @param {SystemLine} line @param {string} room @returns {Summary | null} */
function movementOf({ content, event, clients, total }, room) {
  if (event && clients && total) return { event, clients, total };
  for (const verb of /** @type {const} */ (["joined", "left"])) {
    const ending = ` ${verb} ${room}.`;
    const name = content.slice(0, -ending.length);
    if (content.endsWith(ending) && name !== "") return { event: verb, clients: [name], total: 1 };
  }
  return null;
}

/** @param {Outgoing} item @param {State} state @returns {MessageRow} */
function underWay({ id, content, at, seq, error }, { name: sender, link }) {
  const progress = error ? "failed" : seq !== null ? "stored" : link.status === "online" ? "sending" : "waiting";
  return { kind: "message", key: `own ${id}`, at, seq: null, sender, content, mine: true, first: true, last: true, id, progress, error };
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
    upTo(message.seq, momentOf(message));
    rows.push(stored(message, me));
  }
  upTo(Infinity, NaN);
  return rows;
}

/**
 * System lines carry no seq: each goes before the first message that is later than it. Messages keep their seq order.
 * @param {Row[]} messages @param {LineRow[]} lines
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

/**
 * With days, the divider, and lines that are many as one. A message right after one of its sender opens no group; no key is
 * used twice.
 * @param {Row[]} found @param {MessageRow | undefined} above the message before them, which is not shown @param {number | null} divider
 */
function finished(found, above, divider) {
  /** @type {Row[]} */
  const rows = [];
  const keys = new Set();
  let [before, day] = [/** @type {Row | undefined} */ (above), dayOf(above?.at ?? NaN)];
  const push = (/** @type {Row} */ row) => {
    while (keys.has(row.key)) row.key += " again";
    keys.add(row.key);
    rows.push(row);
    before = row;
  };
  /** @type {LineRow[]} */
  let run = [];
  const pushRun = () => {
    if (run.length < MANY) run.forEach(push);
    else push({ kind: "crowd", key: `crowd ${run[0].key}`, at: run[0].at, lines: run, told: summaries(run) });
    run = [];
  };
  for (const row of found) {
    const isNext = !Number.isNaN(row.at) && !(day.from <= row.at && row.at < day.to);
    if (isNext || row.kind !== "line" || row.told === null) pushRun();
    if (isNext) {
      day = dayOf(row.at);
      push({ kind: "day", key: `day ${day.name} ${row.key}`, at: row.at });
    }
    if (row.kind === "line" && row.told !== null) {
      run.push(row);
      continue;
    }
    if (row.kind === "message") {
      if (row.seq !== null && row.seq === divider) push({ kind: "unread", key: `unread ${divider}`, at: row.at });
      if (before?.kind === "message") before.last = row.first = before.sender !== row.sender || row.at - before.at > GROUP_SPAN;
    }
    push(row);
  }
  pushRun();
  return rows;
}

/** @param {number} at */
function dayOf(at) {
  const day = new Date(at);
  return { name: day.toDateString(), from: day.setHours(0, 0, 0, 0), to: day.setHours(24, 0, 0, 0) };
}

/** Each once: some by name, the others counted. @param {LineRow[]} lines @returns {Summary[]} */
function summaries(lines) {
  return /** @type {const} */ (["joined", "left"]).flatMap((event) => {
    const told = lines.flatMap((line) => (line.told?.event === event ? [line.told] : []));
    const names = new Set(told.flatMap(({ clients }) => clients));
    const total = told.reduce((sum, { clients, total }) => sum + total - clients.length, names.size);
    return total === 0 ? [] : [{ event, clients: [...names].slice(0, NAMED), total }];
  });
}
