/**
 * All that the page knows of a stay in a room, and how each event changes it: a pure function, tested without a socket or a page.
 *
 *     state = reduce(state, { type: "entered", name: "Ada", room: "general", kept: null }, moment);
 *     for (const event of parseFrame(data)) state = reduce(state, event, moment);
 */
import { emptyLog, trimmed, withMessage, withPage } from "./log.js";
import * as outbox from "./outbox.js";
import * as reading from "./reading.js";
import * as sync from "./sync.js";

/** @import { Ask, Event, Fault, Kind, LinkChange, Log, Message, Moment, Notice, Page, Presence, Reading, State, Sync, SystemLine } from "../types.js" */

const KEPT_LINES = 500;
const FAILURES_BEFORE_SAYING_SO = 3;
/** So many messages are known; and so many are new, where the end is out of sight. Of more than that, half are let go. */
const [MOST, MOST_NEW] = [10_000, 20_000];

/** @type {State} */
export const initialState = {
  name: "", room: "", reading: reading.nothingRead,
  link: { status: "connecting", transport: "websocket", retryAt: 0, everOpen: false, failures: 0 },
  log: emptyLog, lines: [], users: [], total: 0, presentAt: "", outbox: new Map(), sync: sync.noSync, notices: [],
};

/** @param {State} state @param {Event} event @param {Moment} moment @returns {State} */
export function reduce(state, event, moment) {
  switch (event.type) {
    case "entered": {
      const { kept, name, room } = event;
      return { ...initialState, ...kept, name, room, reading: reading.begun(kept?.log ?? emptyLog) };
    }
    case "link": return linkChanged(state, event, moment);
    case "relieved": return relieved(state, event.transport, moment);
    case "asked": return asked(state, event.ask, moment);
    case "earlier": return { ...state, sync: { ...state.sync, earlier: state.log.earlier } };
    case "looked": return looked(state, reading.looked(state.reading, state.log, state.name, event.seq, event.following));
    case "hid": return looked(state, reading.hid(state.reading));
    case "message": return withLog(state, withMessage(state.log, event), [event], state.sync, moment);
    case "page": return paged(state, event, moment);
    case "system": return { ...state, lines: withLine(state.lines, event) };
    case "presence": return withPresence(state, event);
    // Counts below what was known when it was asked for, or above what is known now: a page will tell.
    case "pong": return event.last_seq === state.log.cursor ? state : { ...state, sync: { ...state.sync, due: true } };
    case "error": return withError(state, event, moment);
    case "composed": {
      const mine = new Map(state.outbox).set(event.id, outbox.outgoing(event));
      return { ...state, outbox: mine, reading: reading.wrote(state.reading, state.log) };
    }
    case "retried": return { ...state, outbox: outbox.retried(state.outbox, event.id) };
    case "discarded": return { ...state, outbox: outbox.only(state.outbox, ({ id }) => id !== event.id) };
    case "dismissed": return { ...state, notices: state.notices.filter(({ code }) => code !== event.code) };
    default: return state;
  }
}

/** @param {State} state @param {Reading} read @returns {State} */
const looked = (state, read) => (read === state.reading ? state : { ...state, reading: read });

/** One that was overtaken by a later one is out of date. @param {State} state @param {Presence} presence @returns {State} */
function withPresence(state, { users, total = 0, timestamp }) {
  if (timestamp < state.presentAt) return state;
  return { ...state, users, total: Math.max(total, users.length), presentAt: timestamp };
}

/** @param {State} state @param {LinkChange} change @param {Moment} moment @returns {State} */
function linkChanged(state, change, moment) {
  const { status, transport = state.link.transport, retryAt = 0 } = change;
  const online = status === "online";
  const failures = online ? 0 : state.link.failures + (status === "connecting" ? 0 : 1);
  const known = state.link.everOpen || state.log.cursor !== null;
  const link = { status, transport, retryAt, everOpen: state.link.everOpen || online, failures };
  const next = { ...state, link, outbox: outbox.landed(state.outbox), sync: sync.begun(state.sync, known, moment) };
  const others = state.notices.filter(({ hinders }) => !hinders);
  if (online) return { ...next, notices: others };
  const why = hindrance(change, link);
  // One at a time, which stays while it holds; that it lasts says less than a reason.
  const told = state.notices.find(({ hinders }) => hinders);
  if (!why || told?.code === why.code || told && why.code === "unreachable") return next;
  return withNotice({ ...next, notices: others }, { ...why, hinders: true });
}

/** Why there is no way in, if that is worth saying. @param {LinkChange} change @param {State["link"]} link @returns {Notice | null} */
function hindrance({ ticketExpired = false, refusal }, { everOpen, failures }) {
  if (ticketExpired && failures > 0) return { code: "ticket_expired", content: "" };
  if (refusal) return refusal;
  return !everOpen && failures >= FAILURES_BEFORE_SAYING_SO ? { code: "unreachable", content: "" } : null;
}

/**
 * Another transport has taken over in silence: what was under way on the first is asked and sent again.
 * @param {State} state @param {Kind} transport @param {Moment} moment @returns {State}
 */
function relieved(state, transport, moment) {
  const { current } = state.sync;
  const link = { ...state.link, transport };
  return { ...state, link, outbox: outbox.landed(state.outbox), sync: { ...sync.begun(state.sync, true, moment), current } };
}

/** @param {State} state @param {Ask} ask @param {Moment} moment @returns {State} */
function asked(state, ask, moment) {
  if (ask.type === "message") return { ...state, outbox: outbox.patched(state.outbox, ask.id, { sentAt: moment.now }) };
  if (ask.type !== "silence") return { ...state, sync: sync.asked(state.sync, ask, moment) };
  return state.sync.asked?.id === ask.id
    ? { ...state, sync: sync.unanswered(state.sync, null, moment) }
    : { ...state, outbox: outbox.unanswered(state.outbox, ask.id, moment) };
}

/** @param {State} state @param {Page} page @param {Moment} moment @returns {State} */
function paged(state, page, moment) {
  const log = withPage(state.log, page);
  if (log !== emptyLog || state.log.cursor === null) {
    return withLog(state, log, page.messages, sync.answered(state.sync, page, state.log, moment), moment);
  }
  // What was stored is gone with the old log; what was not is still to be sent.
  const kept = outbox.landed(outbox.only(state.outbox, ({ seq }) => seq === null));
  const read = reading.grown(state.reading, state.log, log, state.name);
  return { ...state, log, reading: read, outbox: kept, sync: { ...sync.noSync, due: true, beatAt: state.sync.beatAt } };
}

/**
 * Messages of mine that have come leave the outbox once they are shown; until then they stay where they were, as stored.
 * @param {State} state @param {Log} log @param {Message[]} told @param {Sync} asking @param {Moment} moment @returns {State}
 */
function withLog(state, log, told, asking, moment) {
  const acknowledged = outbox.acknowledged(state.outbox, told, state.name);
  const answered = asking.asked !== state.sync.asked;
  return bounded({
    ...state,
    log,
    reading: reading.grown(state.reading, state.log, log, state.name),
    outbox: outbox.only(acknowledged, ({ seq }) => seq === null || seq > (log.cursor ?? 0)),
    sync: sync.watched(state.log, log, asking, answered, moment),
  });
}

/** The server has what is let go. @param {State} state @returns {State} */
function bounded(state) {
  const { following, seen } = state.reading;
  const most = following ? MOST : MOST_NEW;
  const one = state.log.messages.at(-most - 1);
  if (!one || !following && one.seq <= Number(seen)) return state;
  const log = trimmed(state.log, most / 2);
  return { ...state, log, reading: reading.shortened(state.reading, log) };
}

/**
 * Kept in order of time, and once: while two transports are open, both tell it.
 * @param {SystemLine[]} lines @param {SystemLine} line
 */
function withLine(lines, line) {
  const place = lines.findLastIndex((other) => other.timestamp <= line.timestamp) + 1;
  const isIt = (/** @type {SystemLine} */ other) => other.timestamp === line.timestamp && other.content === line.content;
  return lines.slice(0, place).some(isIt) ? lines : lines.toSpliced(place, 0, line).slice(-KEPT_LINES);
}

/** @param {State} state @param {Fault} fault @param {Moment} moment @returns {State} */
function withError(state, fault, moment) {
  const { code, content, id } = fault;
  if (code === "not_a_member") return { ...state, sync: { ...state.sync, evicted: true } };
  const transient = outbox.TRANSIENT.has(code);
  if (id !== undefined && state.outbox.has(id)) {
    return { ...state, outbox: outbox.refused(state.outbox, fault, id, moment) };
  }
  if (id !== undefined && id === state.sync.asked?.id) {
    if (transient) return { ...state, sync: sync.unanswered(state.sync, fault, moment) };
    return withNotice({ ...state, sync: sync.refused(state.sync) }, { code, content });
  }
  if (!transient) return withNotice(state, { code, content });
  // It does not say which frame it answers: whatever is under way is in doubt. With an id, it is nothing that matters now.
  if (id !== undefined) return state;
  const doubted = [...state.outbox.values()].filter(({ sentAt }) => sentAt !== null);
  return {
    ...state,
    outbox: doubted.reduce((next, item) => outbox.refused(next, fault, item.id, moment), state.outbox),
    sync: state.sync.asked ? sync.unanswered(state.sync, fault, moment) : state.sync,
  };
}

/** @param {State} state @param {Notice} notice @returns {State} */
function withNotice(state, notice) {
  const others = state.notices.filter(({ code }) => code !== notice.code);
  return { ...state, notices: [...others, notice].slice(-3) };
}
