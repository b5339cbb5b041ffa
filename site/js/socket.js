/** One lasting connection made of many: reconnects with full jitter, keeps the idle cut away, notices silence. */

/** @import { ConnectionOptions } from "./types.js" */

const BACKOFF_BASE = 1_000;
const BACKOFF_CAP = 30_000;
const HEARTBEAT_EVERY = 4 * 60_000; // the gateway cuts a connection that was idle for 10 minutes
const ANSWER_WITHIN = 15_000; // a cold start takes seconds; a dead network says nothing at all

const DEFAULTS = {
  connect: (/** @type {string} */ url) => new WebSocket(url),
  isOnline: () => navigator.onLine,
  random: Math.random,
  now: Date.now,
};

/**
 * Full jitter: anything between nothing and an exponentially growing bound.
 * @param {number} attempt 0 for the first retry @param {() => number} random in [0, 1)
 */
export function backoff(attempt, random) {
  return random() * Math.min(BACKOFF_CAP, BACKOFF_BASE * 2 ** Math.min(attempt, 16));
}

export class Connection {
  /** @param {string} url @param {ConnectionOptions} options */
  constructor(url, options) {
    this.url = url;
    this.options = { ...DEFAULTS, ...options };
    this.attempt = 0;
    /** @type {WebSocket | null} */
    this.socket = null;
    /** @type {Map<"retry" | "beat" | "answer", ReturnType<typeof setTimeout>>} */
    this.timers = new Map();
  }

  open() {
    this.#clear();
    const socket = this.options.connect(this.url);
    this.socket = socket;
    this.options.onLink({ status: "connecting" });
    this.#after("answer", ANSWER_WITHIN, () => this.reconnect());
    // Events of a socket that has been given up are no longer ours.
    socket.onopen = () => this.socket === socket && this.#opened();
    socket.onmessage = ({ data }) => this.socket === socket && this.#received(data);
    socket.onclose = () => this.socket === socket && this.#lost();
  }

  /** Whether the frame could be handed to the network. @param {string} frame */
  send(frame) {
    if (this.socket?.readyState !== WebSocket.OPEN) return false;
    this.socket.send(frame);
    if (!this.timers.has("answer")) this.#after("answer", ANSWER_WITHIN, () => this.reconnect());
    return true;
  }

  /** The connection has shown that it works: the next loss starts counting anew. */
  settled() {
    this.attempt = 0;
  }

  /** The network came or went: find out what that means now, not at the next time-out. */
  networkChanged() {
    if (this.timers.has("retry") && this.options.isOnline()) this.open();
    else this.send(this.options.heartbeat());
  }

  /** Give this socket up and go through the usual wait for another. */
  reconnect() {
    this.#drop();
    this.#lost();
  }

  close() {
    this.#clear();
    this.#drop();
  }

  #opened() {
    this.#answered();
    this.#keepAlive();
    this.options.onLink({ status: "online" });
  }

  #keepAlive() {
    this.#after("beat", HEARTBEAT_EVERY, () => {
      this.send(this.options.heartbeat());
      this.#keepAlive();
    });
  }

  /** @param {string} data */
  #received(data) {
    this.#answered();
    this.options.onFrame(data);
  }

  #answered() {
    clearTimeout(this.timers.get("answer"));
    this.timers.delete("answer");
  }

  #lost() {
    this.#clear();
    const wait = backoff(this.attempt++, this.options.random);
    this.#after("retry", wait, () => this.open());
    // "Offline" is a hint that can be wrong, so the timer runs in either case.
    this.options.onLink({ status: this.options.isOnline() ? "waiting" : "offline", retryAt: this.options.now() + wait });
  }

  #drop() {
    const socket = this.socket;
    this.socket = null;
    socket?.close(1000);
  }

  /** @param {"retry" | "beat" | "answer"} name @param {number} wait @param {() => void} act */
  #after(name, wait, act) {
    clearTimeout(this.timers.get(name));
    this.timers.set(name, setTimeout(() => { this.timers.delete(name); act(); }, wait));
  }

  #clear() {
    for (const timer of this.timers.values()) clearTimeout(timer);
    this.timers.clear();
  }
}
