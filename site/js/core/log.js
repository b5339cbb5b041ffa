/**
 * What the page holds of a room's log. Numbers up to `cursor` are settled: shown, never used, or told as missing. What lies
 * above a hole is held back until the cursor reaches it, so that what is shown is in order and never changes its order.
 *
 *     log = withPage(emptyLog, page);   // the newest page, on entry
 *     log = withMessage(log, message);  // shown if it is the next one, held back if not
 */

/** @import { Gap, Log, Message, Page } from "../types.js" */

/** @type {Log} */
export const emptyLog = {
  cursor: null, messages: [], held: [], gaps: [], first: 1, earlier: false, last: 0, doubtful: false,
};

/** A number below one that was seen is still missing. @param {Log} log */
export const hasHole = ({ cursor, last }) => cursor !== null && cursor < last;

/** What a page answers: its `id` says so, as the question carried it. @param {string | undefined} id */
export function questionOf(id) {
  const [, kind, seq] = /^(newest|after|before)(?::(\d+))?$/.exec(id ?? "") ?? [];
  return { kind, seq: Number(seq) };
}

/** A message told as it was said. @param {Log} log @param {Message} message @returns {Log} */
export function withMessage(log, message) {
  const { cursor, first, gaps } = log;
  if (cursor === null || message.seq > cursor) return advanced(withHeld(log, [message]), cursor);
  if (message.seq < first) return { ...log, earlier: true };
  const known = log.messages.findLast(({ seq }) => seq === message.seq);
  const expected = known ? isSame(known, message) : gaps.some((gap) => isIn(gap, message.seq));
  // A settled number that is used anew: perhaps the room has a new log. A page will tell.
  return expected ? log : { ...log, doubtful: true };
}

/**
 * `emptyLog` itself where the room counts lower than when it was asked: its log is a new one.
 * @param {Log} log @param {Page} page @returns {Log}
 */
export function withPage(log, page) {
  const { kind, seq } = questionOf(page.id);
  const next = withHeld({ ...log, last: Math.max(log.last, page.last_seq) }, []);
  if (log.cursor === null) return kind === "newest" ? opened(next, page) : log;
  if (kind === "after" && page.last_seq < seq) return emptyLog;
  if (kind === "before") return seq === log.first ? withEarlier(next, page) : log;
  const fresh = withHeld(next, page.messages.filter((message) => message.seq > Number(log.cursor)));
  if (kind !== "after" || seq > log.cursor) return advanced(fresh, log.cursor);
  const told = page.from > log.cursor + 1 ? withGaps(fresh, log.cursor + 1, page.from - 1) : fresh;
  return { ...advanced(told, Math.max(log.cursor, page.from - 1, page.through)), doubtful: false };
}

/** Without what is older than its last messages, which the server has. @param {Log} log @param {number} bound @returns {Log} */
export function trimmed(log, bound) {
  const messages = bound === 0 ? [] : log.messages.slice(-bound);
  if (messages.length === log.messages.length) return log;
  const first = messages[0]?.seq ?? Number(log.cursor) + 1;
  return { ...log, messages, first, earlier: true, gaps: log.gaps.filter(({ from }) => from >= first) };
}

/**
 * What others said last, if that has come only since. What was there when the log began is history.
 * @param {Log} before @param {Log} log @param {string} me @returns {Message | undefined}
 */
export function latestNews({ cursor, held }, log, me) {
  const isOthers = (/** @type {Message} */ { client_id: name }) => name !== me;
  const latest = log.held.findLast(isOthers) ?? log.messages.findLast(isOthers);
  return latest && cursor !== null && latest.seq > cursor && !held.includes(latest) ? latest : undefined;
}

/** @param {Log} log @param {Page} page @returns {Log} */
function opened(log, { messages, from, through, more }) {
  const first = Math.min(from, through + 1);
  const kept = withHeld(log, messages);
  const held = kept.held.filter(({ seq }) => seq >= first); // the rest is among the earlier ones
  return advanced({ ...kept, held, first, earlier: more && first > 1 }, through);
}

/** @param {Log} log @param {Page} page @returns {Log} */
function withEarlier(log, { messages, from, more }) {
  const earlier = inOrder(messages).filter(({ seq }) => seq < log.first);
  const first = Math.min(log.first, from, earlier[0]?.seq ?? from);
  return { ...log, messages: [...earlier, ...log.messages], first, earlier: more && first < log.first && first > 1 };
}

/** @param {Log} log @param {Message[]} incoming @returns {Log} */
function withHeld(log, incoming) {
  const held = incoming.length === 0 ? log.held : inOrder([...log.held, ...incoming]);
  return { ...log, held, last: Math.max(log.last, held.at(-1)?.seq ?? 0) };
}

/**
 * The cursor moves to `cursor` and on through what is held without a hole.
 * @param {Log} log @param {number | null} cursor @returns {Log}
 */
function advanced(log, cursor) {
  if (cursor === null) return log;
  for (const { seq } of log.held) if (seq === cursor + 1) cursor = seq;
  const settled = Number(cursor);
  const ready = log.held.filter(({ seq }) => seq <= settled);
  const messages = ready.length === 0 ? log.messages : log.messages.concat(ready);
  return { ...log, cursor: settled, messages, held: log.held.filter(({ seq }) => seq > settled) };
}

/**
 * All from `from` to `to` is gone, but for what is held.
 * @param {Log} log @param {number} from @param {number} to @returns {Log}
 */
function withGaps(log, from, to) {
  const gaps = [...log.gaps];
  for (const seq of [...log.held.map((message) => message.seq).filter((held) => held <= to), to + 1]) {
    if (seq > from) gaps.push({ from, to: seq - 1 });
    from = seq + 1;
  }
  return { ...log, gaps };
}

/** Ascending, each number once: what came first stays. @param {Message[]} messages */
function inOrder(messages) {
  const bySeq = new Map(messages.toReversed().map((message) => [message.seq, message]));
  return [...bySeq.values()].sort((a, b) => a.seq - b.seq);
}

const isIn = (/** @type {Gap} */ { from, to }, /** @type {number} */ seq) => from <= seq && seq <= to;

const isSame = (/** @type {Message} */ a, /** @type {Message} */ b) =>
  a.client_id === b.client_id && a.content === b.content && a.timestamp === b.timestamp;
