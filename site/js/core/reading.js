/**
 * How far somebody has read: what others said while the page was hidden, or the end of the log out of sight, is new to them.
 *
 *     reading = grown(reading, log, longer, "Ada");           // reading.unread counts, reading.divider is where the new begins
 *     reading = looked(reading, longer, "Ada", 7, false);     // number 7 has been in sight, the end is not
 */

/** @import { Log, Message, Reading } from "../types.js" */

/** @type {Reading} */
export const nothingRead = { following: true, seen: null, unread: 0, divider: null };

/** What others said after a number. @param {Message[]} messages in order @param {number} seq @param {string} me */
function saidAfter(messages, seq, me) {
  let first = messages.length;
  while (first > 0 && messages[first - 1].seq > seq) first--;
  return messages.slice(first).filter(({ client_id }) => client_id !== me);
}

/** Whoever enters a room, or finds a new log in it, has missed nothing. @param {Log} log @returns {Reading} */
export const begun = ({ cursor }) => ({ ...nothingRead, seen: cursor });

/** @param {Reading} reading @param {Log} before @param {Log} log @param {string} me @returns {Reading} */
export function grown(reading, before, log, me) {
  if (log.cursor === before.cursor) return reading;
  if (before.cursor === null || log.cursor === null) return { ...begun(log), following: reading.following };
  if (reading.following) return { ...reading, seen: log.cursor };
  const fresh = saidAfter(log.messages, before.cursor, me);
  if (fresh.length === 0) return reading;
  // A divider whose messages were all seen gives way to the next.
  const divider = reading.unread === 0 ? fresh[0].seq : reading.divider;
  return { ...reading, unread: reading.unread + fresh.length, divider };
}

/** The first that is new may have been let go. @param {Reading} reading @param {Log} log @returns {Reading} */
export const shortened = (reading, { first }) =>
  (reading.unread > 0 ? { ...reading, divider: Math.max(Number(reading.divider), first) } : reading);

/**
 * @param {Reading} reading @param {Log} log @param {string} me
 * @param {number} seq the last number in sight @param {boolean} following the end is in sight, and so is what comes there
 * @returns {Reading}
 */
export function looked(reading, log, me, seq, following) {
  if (reading.seen === null || log.cursor === null) return { ...reading, following };
  const seen = following ? log.cursor : Math.max(reading.seen, seq);
  if (seen === reading.seen) return reading.following === following ? reading : { ...reading, following };
  const unread = following || reading.unread === 0 ? 0 : saidAfter(log.messages, seen, me).length;
  return { ...reading, following, seen, unread };
}

/** Nobody looks at the page any more; a divider that has done its service is gone when they come back. @param {Reading} reading */
export const hid = (reading) => ({ ...reading, following: false, divider: reading.unread === 0 ? null : reading.divider });

/** Whoever writes has read. @param {Reading} reading @param {Log} log @returns {Reading} */
export const wrote = (reading, { cursor }) => ({ ...reading, seen: cursor, unread: 0, divider: null });
