/** The second stage: a stay in a room. Events change the state; it is shown and kept, and what it calls for is asked and sent. */
import { createAttention } from "./attention.js";
import { Connection } from "./connection.js";
import { latestNews } from "./core/log.js";
import { frameOf, parseFrame } from "./core/protocol.js";
import { initialState, reduce } from "./core/state.js";
import { question, wakeAt, wanted } from "./core/sync.js";
import { createDrafts } from "./drafts.js";
import { createSession } from "./session.js";
import { createTickets } from "./ticket.js";
import { kindOf, startTransport } from "./transport.js";
import { createFrames } from "./view/frames.js";
import { createView } from "./view/room.js";

/** @import { Event, LinkChange, Message, Place, Speaker } from "./types.js" */
/** @import { createMemory } from "./memory.js" */
/** @import { createTab } from "./tab.js" */

const KEEP_WITHIN = 500;

/** `randomUUID` needs a secure context, which a laptop's plain address, tried from a phone, is not. */
const newId = () => crypto.randomUUID?.() ?? crypto.getRandomValues(new Uint32Array(4)).join("-");

/**
 * Made once; one may enter and leave any number of times.
 * @param {object} options
 * @param {ReturnType<typeof createMemory>} options.memory
 * @param {ReturnType<typeof createTab>} options.tab
 * @param {(forgetting: boolean) => void} options.onLeave somebody wants to leave
 */
export function createRoom({ memory, tab, onLeave }) {
  const attention = createAttention({ memory, isSeen: () => !document.hidden });
  const session = createSession(() => sessionStorage);
  const drafts = createDrafts(() => localStorage);
  /** `?transport=polling` tries that one, and no other. */
  const forced = kindOf(new URLSearchParams(location.search).get("transport"));
  const ticketUrl = document.querySelector("meta[name=parley-tickets]")?.getAttribute("content") ?? "";
  const view = createView({
    leave: () => onLeave(true),
    send: (content) => happened({ type: "composed", id: newId(), content, at: Date.now() }),
    draft: (text) => drafts.keep(state, text),
    retry: (id) => happened({ type: "retried", id }),
    discard: (id) => happened({ type: "discarded", id }),
    earlier: () => happened({ type: "earlier" }),
    looked: (seq, following) => happened({ type: "looked", seq, following }),
    hid: () => happened({ type: "hid" }),
    reload: () => location.reload(),
    dismiss: (code) => happened({ type: "dismissed", code }),
  });
  const frames = createFrames(() => view.render(state, speak));
  let state = initialState;
  /** @type {Speaker} */
  let speak;
  /** Null where one is in no room. @type {Connection | null} */
  let connection = null;
  /** @type {ReturnType<typeof createTickets> | null} */
  let tickets = null;
  let [ticking, waking, keeping] = [0, 0, 0];
  /** The latest that nobody was called for: what was missed calls once, when all of it is there. @type {Message | undefined} */
  let news;

  /** @param {Event} event */
  function happened(event) {
    dispatch(event);
    pursue();
    frames.soon();
  }

  /** @param {Event} event */
  function dispatch(event) {
    const before = state;
    state = reduce(state, event, { now: performance.now(), luck: Math.random() });
    if (state.reading.unread !== before.reading.unread) attention.count(state.reading.unread);
    if (state.outbox !== before.outbox) session.keepOutbox(state);
    if (state.log !== before.log && keeping === 0) keeping = window.setTimeout(keepLog, KEEP_WITHIN);
  }

  /** Do what the state calls for, until there is nothing left to do before some later time. */
  function pursue() {
    clearTimeout(waking);
    for (let ask = wanted(state, performance.now()); ask && connection; ask = wanted(state, performance.now())) {
      if (ask.type === "reconnect") return connection.reconnect();
      if (ask.type !== "silence" && !connection.send(frameOf(ask))) return;
      dispatch({ type: "asked", ask });
    }
    const at = wakeAt(state);
    if (at < Infinity) waking = window.setTimeout(() => { pursue(); frames.soon(); }, at - performance.now());
  }

  function keepLog() {
    clearTimeout(keeping);
    keeping = 0;
    if (connection) session.keepLog(state);
  }

  /** @param {LinkChange} change */
  function linkChanged(change) {
    clearInterval(ticking);
    if (change.retryAt !== undefined) ticking = window.setInterval(frames.soon, 1000); // the count-down
    if (change.transport) tab.keepTransport(change.transport);
    happened({ type: "link", ...change, ticketExpired: tickets?.hasExpired() });
  }

  /** @param {string} data @param {boolean} first or of a transport that may take over: what it is refused is its own affair */
  function received(data, first) {
    for (const event of parseFrame(data)) {
      if (event.type === "error" && !first) continue;
      const { log } = state;
      happened(event);
      news = latestNews(log, state.log, state.name) ?? news;
      if (news && state.sync.current) {
        attention.heard(news, speak);
        news = undefined;
      }
      if (event.type === "page" && state.sync.current) connection?.settled();
    }
  }

  function looked() {
    news = undefined;
    connection?.looked();
    if (connection) void attention.seen(state.room);
  }

  function hidden() {
    keepLog();
    attention.hidden();
  }

  for (const change of ["online", "offline"]) addEventListener(change, () => connection?.networkChanged());
  for (const look of ["focus", "pageshow"]) addEventListener(look, () => connection?.looked());
  document.addEventListener("visibilitychange", () => (document.hidden ? hidden() : looked()));
  addEventListener("pagehide", () => {
    keepLog();
    connection?.pause();
  });

  return {
    /** The room one is in. */
    name: () => state.room,

    /** @param {Place} place @param {Speaker} speaker */
    enter(place, speaker) {
      [speak, news] = [speaker, undefined];
      const held = createTickets({ token: tab.ticket(), url: ticketUrl, keep: tab.keepTicket });
      const entry = { ...place, ticket: held.current };
      const opening = new Connection({
        dial: (kind, events) => startTransport(kind, entry, events),
        forced,
        first: kindOf(tab.transport()),
        onLink: linkChanged,
        onFrame: received,
        onRelief(transport) {
          tab.keepTransport(transport);
          dispatch({ type: "relieved", transport });
        },
        heartbeat: () => frameOf({ type: "ping" }),
        greeting: () => frameOf(question(state.log, false)),
        isWelcome: (data) => parseFrame(data).some((event) => event.type === "page"),
      });
      [connection, tickets] = [opening, held];
      dispatch({ type: "entered", ...place, kept: session.recall(place) });
      view.open(state, speak, drafts.recall(place));
      if (!document.hidden) looked();
      void held.start(place).then(() => connection === opening && opening.open());
    },

    /** The name of the room that was left. @param {boolean} forgetting what is kept of it, too */
    leave(forgetting) {
      clearInterval(ticking);
      clearTimeout(waking);
      keepLog();
      frames.stop();
      connection?.close();
      connection = null;
      tickets?.stop();
      if (forgetting) session.forget(state);
      attention.count(0);
      attention.hidden();
      view.close();
      return state.room;
    },

    /** @param {Speaker} speaker */
    speakIn(speaker) {
      speak = speaker;
      frames.now();
    },
  };
}
