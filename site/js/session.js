/**
 * What of a room outlasts a reload of the tab: how far its log is known, the last messages, and what waits to be sent.
 * Storage may be missing or full, and what comes out of it is believed only as far as it makes sense.
 */
import { emptyLog, trimmed } from "./core/log.js";
import { outgoing } from "./core/outbox.js";
import { isCount, isMessage, isText, parsed } from "./core/protocol.js";
import { createMemory } from "./memory.js";

/** @import { Gap, Kept, Log, Message, Outbox, Outgoing, Place, State } from "./types.js" */

/** So many messages are kept, or fewer where storage is full. */
const BOUNDS = [200, 20, 0];

/** @param {Pick<State, "log">} state @param {number} bound */
function logText({ log }, bound) {
  const { cursor, messages, first, earlier, gaps } = trimmed(log, bound);
  return JSON.stringify({ cursor, messages, first, earlier, gaps });
}

/** @param {Outbox} outbox */
const outboxText = (outbox) => JSON.stringify([...outbox.values()].filter(({ seq }) => seq === null)
  .map(({ id, content, at, error }) => ({ id, content, at, error })));

/** What is no outcome of `logText` is null. @param {string | null} text @returns {Log | null} */
export function readLog(text) {
  const value = parsed(text);
  if (!isCount(value?.cursor) || !isCount(value.first) || value.first < 1 || typeof value.earlier !== "boolean") return null;
  const { cursor, messages, first, earlier, gaps } = value;
  if (!Array.isArray(messages) || !messages.every(isMessage) || !Array.isArray(gaps) || !gaps.every(isGap)) return null;
  const seqs = messages.map((/** @type {Message} */ { seq }) => ({ from: seq, to: seq }));
  const both = [...seqs, ...gaps].sort((a, b) => a.from - b.from);
  if (![seqs, gaps, both].every((spans) => areApart(spans, first, cursor)) || first > cursor + 1) return null;
  return { ...emptyLog, cursor, messages, first, earlier, gaps, last: cursor };
}

/** @param {string | null} text @param {Log | null} log @param {string} name @returns {Outbox} */
export function readOutbox(text, log, name) {
  const stored = new Set(log?.messages.map(({ client_id, id }) => (client_id === name ? id : undefined)));
  const items = [parsed(text)].flat().filter(isOutgoing).filter(({ id }) => !stored.has(id));
  return new Map(items.map((item) => [item.id, { ...outgoing(item), error: item.error }]));
}

/** In order and without overlap, all from `first` to `last`. @param {Gap[]} spans @param {number} first @param {number} last */
const areApart = (spans, first, last) =>
  spans.every(({ from, to }, index) => from > (spans[index - 1]?.to ?? first - 1) && to <= last);

/** @param {any} gap */
const isGap = (gap) => isCount(gap?.from) && isCount(gap.to) && gap.from <= gap.to;

/** @param {any} error */
const isNotice = (error) => isText(error?.code) && isText(error.content);

/** @param {any} item @returns {item is Outgoing} */
const isOutgoing = (item) => isText(item?.id) && item.id !== "" && item.id.length <= 64 && isText(item.content)
  && item.content !== "" && Number.isFinite(item.at) && (item.error === null || isNotice(item.error));

/** @param {() => Storage} open */
export function createSession(open) {
  const { recall, keep } = createMemory(open);
  /** @param {"log" | "outbox"} what @param {Place} place */
  const keyOf = (what, { name, room }) => `${what}.${JSON.stringify([room, name])}`;

  return {
    /** @param {Place} place @returns {Kept | null} */
    recall(place) {
      const log = readLog(recall(keyOf("log", place)));
      const outbox = readOutbox(recall(keyOf("outbox", place)), log, place.name);
      return log || outbox.size > 0 ? { log: log ?? emptyLog, outbox } : null;
    },
    /** @param {State} state */
    keepLog: (state) => state.log.cursor !== null
      && BOUNDS.some((bound) => keep(keyOf("log", state), logText(state, bound))),
    /** @param {State} state */
    keepOutbox: (state) => keep(keyOf("outbox", state), state.outbox.size === 0 ? "" : outboxText(state.outbox)),
    /** @param {Place} place */
    forget(place) {
      keep(keyOf("log", place), "");
      keep(keyOf("outbox", place), "");
    },
  };
}
