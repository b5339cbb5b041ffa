/**
 * All that the page knows, and how each event changes it: a pure function, tested without a socket or a page.
 *
 *     state = reduce(state, { type: "entered", name: "Ada", room: "general" });
 *     state = reduce(state, parseFrame(data));
 */

/** @import { Event, Fault, LinkChange, Message, Notice, Outgoing, Page, State, Step, SystemLine } from "./types.js" */

const KEPT_LINES = 500;
const FAILURES_BEFORE_SAYING_SO = 3;

/** @type {State} */
export const initialState = {
  view: "entry", name: "", room: "", leftRoom: "", problems: {},
  link: { status: "connecting", retryAt: 0, everOpen: false, failures: 0 },
  syncing: false, cursor: null, messages: [], lines: [],
  users: [], total: 0, outbox: new Map(), notices: [],
};

/** @param {State} state @param {Event} event @returns {State} */
export function reduce(state, event) {
  switch (event.type) {
    case "refused": return { ...state, problems: event.problems };
    case "entered": return { ...initialState, view: "room", name: event.name, room: event.room };
    case "left": return { ...initialState, leftRoom: state.room };
    case "link": return linkChanged(state, event);
    case "sync_began": return { ...state, syncing: true };
    case "message": return withMessages(state, [event], state.cursor);
    case "page": return withPage(state, event);
    case "system": return { ...state, lines: withLine(state.lines, event) };
    case "presence": return { ...state, users: event.users, total: Math.max(event.total ?? 0, event.users.length) };
    case "error": return withError(state, event);
    case "composed": {
      const item = { id: event.id, content: event.content, at: event.at, sent: false, error: null };
      return { ...state, outbox: new Map(state.outbox).set(event.id, item) };
    }
    case "sent": return patchOutgoing(state, event.id, { sent: true });
    case "retried": return patchOutgoing(state, event.id, { sent: false, error: null });
    case "discarded": return { ...state, outbox: without(state.outbox, [event.id]) };
    case "dismissed": return { ...state, notices: state.notices.filter(({ code }) => code !== event.code) };
    default: return state;
  }
}

/**
 * The message to (re)send now, if any: one at a time, as the gateway may handle two frames at once and swap them; and
 * none while the log is being fetched, as it may hold some of them already.
 * @param {State} state
 */
export function nextToSend({ link, syncing, cursor, outbox }) {
  const open = [...outbox.values()].filter((item) => !item.error);
  if (link.status !== "online" || syncing || cursor === null || open.some((item) => item.sent)) return undefined;
  return open[0];
}

/** @type {Step<LinkChange>} */
const linkChanged = (state, { status, retryAt = 0 }) => {
  const online = status === "online";
  const failures = online ? 0 : state.link.failures + (status === "connecting" ? 0 : 1);
  const everOpen = state.link.everOpen || online;
  const next = { ...state, syncing: false, link: { status, retryAt, everOpen, failures } };
  if (online) return reduce(next, { type: "dismissed", code: "unreachable" });
  next.outbox = new Map([...state.outbox].map(([id, item]) => [id, { ...item, sent: false }]));
  const helpless = !everOpen && failures >= FAILURES_BEFORE_SAYING_SO;
  return helpless ? withNotice(next, { code: "unreachable", content: "" }) : next;
};

/**
 * Messages merged: once each, in seq order; those of mine leave the outbox, as the echo is the ack.
 * @param {State} state @param {Message[]} incoming @param {number | null} cursor @returns {State}
 */
function withMessages(state, incoming, cursor) {
  const messages = merged(state.messages, incoming);
  const acked = incoming.map((message) => (message.client_id === state.name ? message.id : undefined));
  if (cursor !== null) {
    for (const { seq } of messages) if (seq === cursor + 1) cursor = seq;
  }
  return { ...state, messages, cursor, outbox: without(state.outbox, acked) };
}

/** @param {Message[]} known @param {Message[]} incoming */
function merged(known, incoming) {
  const last = known.at(-1)?.seq ?? -1;
  if (incoming.length === 1 && incoming[0].seq > last) return [...known, incoming[0]];
  const bySeq = new Map([...incoming, ...known].map((message) => [message.seq, message]));
  return [...bySeq.values()].sort((a, b) => a.seq - b.seq);
}

/** @type {Step<Page>} */
const withPage = (state, page) => {
  // A room that counts lower than before has a new log (the store was emptied): begin again.
  if (page.last_seq < (state.cursor ?? 0)) return { ...state, messages: [], cursor: null, syncing: true };
  const newest = page.messages.reduce((seq, message) => Math.max(seq, message.seq), state.cursor ?? 0);
  const cursor = page.messages.length > 0 ? newest : state.cursor ?? page.last_seq;
  const next = withMessages(state, page.messages, cursor);
  const moved = Number(next.cursor) > (state.cursor ?? 0); // or the same page would be asked for without end
  return { ...next, syncing: page.more && moved && Number(next.cursor) < page.last_seq };
};

/** Kept in order of time. @param {SystemLine[]} lines @param {SystemLine} line */
function withLine(lines, line) {
  const place = lines.findLastIndex((other) => other.timestamp <= line.timestamp) + 1;
  return lines.toSpliced(place, 0, line).slice(-KEPT_LINES);
}

/** @type {Step<Fault>} */
const withError = (state, { code, content, id }) => {
  // Not a member any more: the page connects anew and then sends it again.
  if (code === "not_a_member") return state;
  const refused = { sent: false, error: { code, content } };
  if (id !== undefined && state.outbox.has(id)) return patchOutgoing(state, id, refused);
  // The gateway's own faults do not say which frame they answer: whatever is under way is in doubt.
  const doubtful = code === "gateway_fault" ? [...state.outbox.values()].filter((item) => item.sent) : [];
  if (doubtful.length === 0) return withNotice(state, { code, content });
  return doubtful.reduce((next, item) => patchOutgoing(next, item.id, refused), state);
};

/** @type {Step<Notice>} */
const withNotice = (state, notice) => {
  const others = state.notices.filter(({ code }) => code !== notice.code);
  return { ...state, notices: [...others, notice].slice(-3) };
};

/** @param {State} state @param {string} id @param {Partial<Outgoing>} change */
function patchOutgoing(state, id, change) {
  const item = state.outbox.get(id);
  return item ? { ...state, outbox: new Map(state.outbox).set(id, { ...item, ...change }) } : state;
}

/** @param {State["outbox"]} outbox @param {(string | undefined)[]} ids */
function without(outbox, ids) {
  return new Map([...outbox].filter(([id]) => !ids.includes(id)));
}
