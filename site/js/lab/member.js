/**
 * One of the three in the room. It takes the very transports of the chat, without the fallback from one to another, and
 * tells what goes over its wire.
 */
import { backoff } from "../core/backoff.js";
import { frameOf, parseFrame, socketUrl } from "../core/protocol.js";
import { offered } from "../ticket.js";
import { startTransport } from "../transport.js";
import { browserOf, frameSizes, handshakeSizes, requestSizes, responseSizes } from "./sizes.js";

/** @import { Exchange, Pace, Transport } from "../types.js" */
/** @import { Kind, Member, Observer, Place, SpanKind } from "./types.js" */

/** Keeps the gateway's idle cut away, as the chat's page does. */
const BEAT_EVERY = 4 * 60_000;
const SOONEST_AGAIN = 1_000;

/** @param {Exchange} exchange */
function parsed({ received }) {
  try {
    return JSON.parse(received);
  } catch {
    return null;
  }
}

/** What an exchange was. @param {Exchange} exchange @returns {SpanKind} */
function kindOf(exchange) {
  if (exchange.status < 200 || exchange.status >= 300) return "failed";
  if (exchange.request !== "events") return "other";
  return parsed(exchange)?.events?.length === 0 ? "empty" : "news";
}

/**
 * @param {Kind} kind @param {Place} place @param {Observer} observer
 * @param {{pace: Pace, now(): number}} options the pace may be changed meanwhile
 * @returns {Member}
 */
export function createMember(kind, { room, name, ticket }, observer, { pace, now }) {
  const browser = browserOf(navigator);
  /** @type {WeakMap<Exchange, ReturnType<Observer["request"]>>} */
  const ends = new WeakMap();
  /** @type {Transport | null} */
  let transport = null;
  let [isOpen, attempt, retrying, beating] = [false, 0, 0, 0];
  let [key, reason] = ["", ""];

  /** Called twice for each request by HTTP. @param {Exchange} exchange */
  function observe(exchange) {
    const { request, method, url, sent, status, headers, received, endedAt } = exchange;
    const ended = ends.get(exchange);
    if (ended === undefined) {
      const bearer = request === "enter" ? ticket : key;
      ends.set(exchange, observer.request(requestSizes(browser, location.origin, { method, url, bearer, body: sent })));
      if (request === "events") observer.status({ state: "asking" });
      return;
    }
    if (status === 0) return ended({ kind: transport === null ? "other" : "failed" });
    ended({ kind: kindOf(exchange), ...responseSizes({ status, headers }, received) });
    const answer = parsed(exchange);
    if (request === "enter") key = answer?.key ?? "";
    reason = status < 300 ? "" : String(answer?.code ?? status);
    if (request === "events" && kind === "polling" && transport !== null) {
      observer.status({ state: "resting", get until() { return endedAt + (pace.soonest ?? 0); } });
    }
  }

  function open() {
    observer.status({ state: "connecting" });
    const shaken = kind === "websocket" ? shake() : () => {};
    transport = startTransport(kind, { room, name, ticket: () => ticket, observe, pace }, {
      onOpen() {
        shaken(true);
        [isOpen, attempt] = [true, 0];
        observer.status({ state: kind === "websocket" ? "open" : "asking" });
        send(frameOf({ type: "sync", id: "newest" }));
        if (kind === "websocket") beating = window.setInterval(() => send(frameOf({ type: "ping" })), BEAT_EVERY);
      },
      onFrame(data) {
        if (kind === "websocket") observer.frame("down", frameSizes(data, "down"));
        for (const event of parseFrame(data)) {
          if (event.type === "message") observer.message(event);
          if (event.type === "page") event.messages.forEach(observer.message);
        }
      },
      onEnd() {
        const wasOpen = isOpen;
        over();
        shaken(false);
        const wait = SOONEST_AGAIN + backoff(attempt++, Math.random());
        retrying = window.setTimeout(open, wait);
        observer.status({ state: wasOpen ? "away" : "refused", reason, until: now() + wait });
      },
    });
  }

  /** The handshake, and for how long what it opened was held. What is returned is told of each change. */
  function shake() {
    const protocols = offered(ticket);
    const sizes = handshakeSizes(browser, location.origin, socketUrl(location, room, name), protocols);
    const answered = observer.request({ head: sizes.up, body: 0 });
    /** @type {(() => void) | null} */
    let gone = null;
    hangUp = () => (gone === null ? answered({ kind: "other" }) : gone());
    return (/** @type {boolean} */ opened) => {
      if (opened) {
        answered({ kind: "other", head: sizes.down });
        gone = observer.held();
      } else if (gone === null) {
        answered({ kind: "failed" });
      } else {
        gone();
        observer.lost();
      }
    };
  }
  let hangUp = () => {};

  function over() {
    [transport, isOpen] = [null, false];
    clearInterval(beating);
  }

  /** @param {string} frame */
  function send(frame) {
    if (transport?.send(frame) && kind === "websocket") observer.frame("up", frameSizes(frame, "up"));
  }

  return {
    start() {
      if (transport === null) open();
    },
    stop() {
      clearTimeout(retrying);
      const closing = transport;
      over();
      closing?.close();
      if (closing !== null) hangUp();
      observer.status({ state: "stopped" });
    },
    ready: () => isOpen,
    say: (id, content) => send(frameOf({ type: "message", id, content })),
  };
}
