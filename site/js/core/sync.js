/**
 * What to ask and send now, derived from the state alone: no timer of its own decides anything.
 *
 *     const ask = wanted(state, now);                 // the next thing to do, if any
 *     state = reduce(state, { type: "asked", ask });  // it was done: `wanted` has something else now
 *     setTimeout(again, wakeAt(state) - now);         // or nothing, before that
 */
import { backoff } from "./backoff.js";
import { hasHole, questionOf } from "./log.js";
import { plansFor } from "./outbox.js";

/** @import { Ask, Fault, Log, Moment, Page, Plan, State, Sync } from "../types.js" */

const ANSWER_WITHIN = 15_000; // a cold start takes seconds
const SILENCES = 2;
const HOLE_PATIENCE = 1_000; // most holes fill by themselves, a few milliseconds later
const HEARTBEAT_EVERY = 4 * 60_000; // the gateway cuts a connection that was idle for 10 minutes

/** @type {Sync} */
export const noSync = {
  due: false, current: false, asked: null, tries: 0, notBefore: 0, holeAt: 0,
  earlier: false, presence: false, beatAt: 0, evicted: false,
};

/** @param {Log} log @param {boolean} earlier @returns {Ask & {type: "sync"}} */
export function question({ cursor, first }, earlier) {
  if (cursor === null) return { type: "sync", id: "newest" };
  if (earlier) return { type: "sync", id: `before:${first}`, before: first };
  return { type: "sync", id: `after:${cursor}`, after: cursor };
}

/**
 * All that is to be done at some time if nothing else happens; the first of them has precedence.
 * @param {State} state @returns {Plan[]}
 */
function plans({ link, log, sync, outbox, users, total }) {
  if (link.status !== "online") return [];
  if (sync.evicted) return [{ at: 0, ask: { type: "reconnect" } }];
  const plans = asking(log, sync);
  if (sync.current) plans.push(...plansFor(outbox));
  // Of a room with more people than are listed, an answer would tell hardly more than what is known.
  if (sync.presence && total <= users.length) plans.push({ at: 0, ask: { type: "presence" } });
  plans.push({ at: sync.beatAt + HEARTBEAT_EVERY, ask: { type: "ping" } });
  return plans;
}

/** @param {Log} log @param {Sync} sync @returns {Plan[]} */
function asking(log, { asked, tries, due, notBefore, holeAt, earlier }) {
  if (asked) {
    const ask = /** @type {Ask} */ (tries < SILENCES ? { type: "silence", id: asked.id } : { type: "reconnect" });
    return [{ at: asked.at + ANSWER_WITHIN, ask }];
  }
  if (due || log.doubtful) return [{ at: notBefore, ask: question(log, false) }];
  if (earlier) return [{ at: notBefore, ask: question(log, true) }];
  return hasHole(log) ? [{ at: Math.max(notBefore, holeAt), ask: question(log, false) }] : [];
}

/** @param {State} state @param {number} now */
export const wanted = (state, now) => plans(state).find(({ at }) => at <= now)?.ask;

/** When `wanted` will have something, unless an event comes first. @param {State} state */
export const wakeAt = (state) => Math.min(...plans(state).map(({ at }) => at));

/** A connection that was just opened. @param {Sync} sync @param {boolean} again @param {Moment} moment @returns {Sync} */
export const begun = (sync, again, { now }) => ({ ...noSync, earlier: sync.earlier, due: true, presence: again, beatAt: now });

/** @param {Sync} sync @param {Ask} ask @param {Moment} moment @returns {Sync} */
export function asked(sync, ask, { now }) {
  switch (ask.type) {
    case "sync": return { ...sync, due: false, asked: { id: ask.id, at: now } };
    case "ping": return { ...sync, beatAt: now, presence: true };
    case "presence": return { ...sync, presence: false };
    default: return sync;
  }
}

/** @param {Sync} sync @param {Page} page @param {Log} before @param {Moment} moment @returns {Sync} */
export function answered(sync, page, before, { now }) {
  const { kind, seq } = questionOf(page.id);
  const ours = sync.asked !== null && sync.asked.id === page.id; // what a poll brings has no id
  const next = ours ? { ...sync, asked: null, tries: 0, notBefore: 0 } : sync;
  if (kind === "newest") return { ...next, current: true };
  if (kind === "before") return ours ? { ...next, earlier: false } : next;
  if (kind !== "after" || before.cursor === null || seq > before.cursor) return next;
  // A page that says "more" and brings nothing is not asked for again at once.
  const notBefore = page.more && page.through <= seq ? now + HOLE_PATIENCE : next.notBefore;
  return { ...next, notBefore, due: page.more, current: next.current || !page.more };
}

/**
 * The answer to a question is missing, or is a refusal.
 * @param {Sync} sync @param {Fault | null} fault @param {Moment} moment @returns {Sync}
 */
export function unanswered(sync, fault, { now, luck }) {
  const { kind } = questionOf(sync.asked?.id);
  const next = { ...sync, asked: null, due: sync.due || kind !== "before" };
  if (fault?.code === "rate_limited") return { ...next, notBefore: now + (fault.retry_after_ms ?? 1_000) };
  return { ...next, tries: sync.tries + 1, notBefore: now + backoff(sync.tries, luck) };
}

/** The server will never answer this question: go on without. @param {Sync} sync @returns {Sync} */
export const refused = (sync) => ({ ...sync, asked: null, due: false, earlier: false, current: true });

/**
 * From when on a hole is asked about: a while after it was first seen, or seen again.
 * @param {Log} before @param {Log} log @param {Sync} sync @param {boolean} answered @param {Moment} moment @returns {Sync}
 */
export function watched(before, log, sync, answered, { now, luck }) {
  if (!hasHole(log) || (hasHole(before) && before.cursor === log.cursor && !answered)) return sync;
  return { ...sync, holeAt: now + HOLE_PATIENCE * (1 + luck / 2) };
}
