/**
 * Messages of mine on their way. Each keeps its id for good: whatever became of an earlier try, the server stores it once.
 * One is in flight at a time, as the gateway may handle two frames at once and swap them.
 */
import { backoff } from "./backoff.js";

/** @import { Fault, Message, Moment, Notice, Outbox, Outgoing, Plan } from "../types.js" */

/** The gateway gives up on a message after 29 s and says so: after more silence than that, nobody will answer. */
const ACK_WITHIN = 35_000;
const TRIES = 5;

/** These say: not now. With any other error the same message would be refused again. */
export const TRANSIENT = new Set(["unavailable", "rate_limited", "gateway_fault"]);

const UNCONFIRMED = { code: "gateway_fault", content: "" };

/** @param {{id: string, content: string, at: number}} message @returns {Outgoing} */
export const outgoing = ({ id, content, at }) =>
  ({ id, content, at, sentAt: null, notBefore: 0, tries: 0, seq: null, error: null });

/** What is neither stored nor given up. @param {Outbox} outbox */
export const open = (outbox) => [...outbox.values()].filter((item) => item.seq === null && !item.error);

/** The message to (re)send, or the silence that ends the wait for its answer. @param {Outbox} outbox @returns {Plan[]} */
export function plansFor(outbox) {
  const waiting = open(outbox);
  const item = waiting.find(({ sentAt }) => sentAt !== null) ?? waiting[0];
  if (item === undefined) return [];
  if (item.sentAt !== null) return [{ at: item.sentAt + ACK_WITHIN, ask: { type: "silence", id: item.id } }];
  return [{ at: item.notBefore, ask: { type: "message", id: item.id, content: item.content } }];
}

/** @param {Outbox} outbox @param {string} id @param {Partial<Outgoing>} change @returns {Outbox} */
export function patched(outbox, id, change) {
  const item = outbox.get(id);
  return item ? new Map(outbox).set(id, { ...item, ...change }) : outbox;
}

/** @param {Outbox} outbox @param {(item: Outgoing) => boolean} stays @returns {Outbox} */
export function only(outbox, stays) {
  const kept = [...outbox].filter(([, item]) => stays(item));
  return kept.length === outbox.size ? outbox : new Map(kept);
}

/** Another connection: nothing is in flight on it. @param {Outbox} outbox @returns {Outbox} */
export const landed = (outbox) =>
  new Map([...outbox].map(([id, item]) => [id, { ...item, sentAt: null, notBefore: 0 }]));

/**
 * The own copy of a message is its ack.
 * @param {Outbox} outbox @param {Message[]} messages @param {string} me @returns {Outbox}
 */
export function acknowledged(outbox, messages, me) {
  const mine = messages.filter(({ client_id, id }) => client_id === me && id !== undefined && outbox.has(id));
  return mine.reduce((next, { id, seq }) => patched(next, String(id), { seq, error: null }), outbox);
}

/**
 * @param {Outbox} outbox
 * @param {Fault} fault @param {string} id of the message @param {Moment} moment @returns {Outbox}
 */
export function refused(outbox, { code, content, retry_after_ms = 1_000 }, id, moment) {
  if (code === "rate_limited") return patched(outbox, id, { sentAt: null, notBefore: moment.now + retry_after_ms });
  return TRANSIENT.has(code)
    ? tryAgain(outbox, id, { code, content }, moment)
    : patched(outbox, id, { sentAt: null, error: { code, content } });
}

/** Somebody wants it to be tried anew. @param {Outbox} outbox @param {string} id */
export const retried = (outbox, id) => patched(outbox, id, { error: null, tries: 0, notBefore: 0 });

/**
 * No answer at all, or one that does not say whether it was done.
 * @param {Outbox} outbox @param {string} id @param {Moment} moment
 */
export const unanswered = (outbox, id, moment) => tryAgain(outbox, id, UNCONFIRMED, moment);

/** @param {Outbox} outbox @param {string} id @param {Notice} reason @param {Moment} moment @returns {Outbox} */
function tryAgain(outbox, id, reason, { now, luck }) {
  const tries = (outbox.get(id)?.tries ?? 0) + 1;
  const error = tries < TRIES ? null : reason;
  return patched(outbox, id, { sentAt: null, tries, error, notBefore: now + backoff(tries - 1, luck) });
}
