/**
 * The ways into a room, and which of them is used now. A WebSocket is the first choice. Where none comes through but
 * plain requests do, it is long polling, and where long requests are cut, polling; and it climbs back.
 *
 *     const transport = startTransport("polling", entry, { onOpen, onFrame, onEnd });
 */
import { start as startWebSocket } from "./transports/websocket.js";

/** @import { End, Entry, Kind, Transport, TransportEvents } from "./types.js" */

/** @type {readonly Kind[]} */
const KINDS = ["websocket", "long-polling", "polling"];

/** @param {string | null} value */
export const kindOf = (value) => KINDS.find((kind) => kind === value);

/** @param {Kind} kind @param {Entry} entry @param {TransportEvents} events @returns {Transport} */
export function startTransport(kind, entry, events) {
  if (kind === "websocket") return startWebSocket(entry, events);
  /** @type {Transport | null} */
  let started = null;
  let closed = false;
  load(kind).then(
    ({ start }) => { if (!closed) started = start(entry, events); },
    () => closed || events.onEnd("lost"),
  );
  return {
    send: (frame) => started?.send(frame) ?? false,
    close() {
      closed = true;
      started?.close();
    },
  };
}

/** @param {Kind} kind @returns {Promise<typeof import("./transports/polling.js")>} */
async function load(kind) {
  const path = `./transports/${kind}.js`;
  await fetch(new URL(path, import.meta.url)); // some browsers never import again what failed once, as without a network
  return import(path);
}

const BLOCKED_AFTER = 2;
const CLIMB_AFTER = 30_000;
const CLIMB_SLOWEST = 5 * 60_000;
const MISSING_FOR = 5 * 60_000;
const CUT_FOR = 30 * 60_000;

/** Which kind is next. It learns from what becomes of each. Times are epoch milliseconds. */
export class Choice {
  /** @param {Kind} [forced] the only one, if any @param {Kind} [first] the one that worked when the page was last here */
  constructor(forced, first = "websocket") {
    this.forced = forced;
    this.kind = forced ?? first;
    /** A WebSocket has come through before. */
    this.proven = false;
    /** WebSockets in a row on which nothing came. */
    this.failures = 0;
    this.climbs = 0;
    this.missingUntil = 0;
    this.cutUntil = 0;
  }

  /** A transport of this kind has shown that it works. @param {Kind} kind */
  worked(kind) {
    this.kind = kind;
    if (kind !== "websocket") return;
    this.proven = true;
    this.failures = 0;
    this.climbs = 0;
  }

  /**
   * The transport in use has ended. Whether another kind is to be tried at once.
   * @param {End} end @param {boolean} worked something had come @param {number} now
   */
  ended(end, worked, now) {
    if (this.forced) return false;
    if (this.kind === "websocket") {
      if (worked) return false;
      this.failures += 1;
      if (this.failures < (this.proven ? BLOCKED_AFTER : 1) || now < this.missingUntil) return false;
      this.kind = now < this.cutUntil ? "polling" : "long-polling";
      return true;
    }
    if (end === "cut") {
      this.cutUntil = now + CUT_FOR;
      this.kind = "polling";
      return true;
    }
    if (end === "missing") this.missingUntil = now + MISSING_FOR;
    if (end === "missing" || !worked) this.kind = "websocket";
    return false;
  }

  /** In how long a better kind is tried beside the one in use. @param {number} luck in [0, 1) */
  climbAfter(luck) {
    if (this.forced || this.kind === "websocket") return Infinity;
    return Math.min(CLIMB_SLOWEST, CLIMB_AFTER * 2 ** this.climbs) * (1 + luck / 4);
  }

  /**
   * A better kind has failed beside the one in use. What else is to be tried at once, if anything.
   * @param {Kind} kind @param {number} now
   */
  climbFailed(kind, now) {
    if (kind !== "websocket" || this.kind === kind) return null;
    this.climbs += 1;
    return this.kind === "polling" && now >= this.cutUntil ? /** @type {Kind} */ ("long-polling") : null;
  }

  /** What was learnt was learnt of another network, perhaps. */
  networkChanged() {
    [this.climbs, this.missingUntil, this.cutUntil] = [0, 0, 0];
  }
}
