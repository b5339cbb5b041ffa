/**
 * One lasting connection made of many: reconnects with full jitter, notices silence, and rolls over to a second socket
 * before the gateway cuts the first.
 */
import { backoff } from "./backoff.js";

/** @import { ConnectionOptions } from "./types.js" */
/** @typedef {"retry" | "answer" | "relief" | "welcome"} Timer */

const ANSWER_WITHIN = 15_000; // a cold start takes seconds; a dead network says nothing at all
const STALE_AFTER = 6 * 60_000; // heartbeats are closer together: this long a silence was slept through
const LOOK_AGAIN_AFTER = 30_000;
// The gateway cuts every connection after 2 hours. The rest is luck, or pages that came together would go together.
const RELIEF_AFTER = 110 * 60_000;
const RELIEF_SPREAD = 5 * 60_000;
const RELIEF_AGAIN_AFTER = 30_000;

const DEFAULTS = {
  connect: (/** @type {string} */ url) => new WebSocket(url),
  isOnline: () => navigator.onLine,
  random: Math.random,
  now: () => Date.now(), // it goes on while a laptop sleeps, as timers do not
};

export class Connection {
  /** @param {string} url @param {ConnectionOptions} options */
  constructor(url, options) {
    this.url = url;
    this.options = { ...DEFAULTS, ...options };
    this.attempt = 0;
    this.heardAt = 0;
    /** @type {WebSocket | null} */
    this.socket = null;
    /** The one that is to take over. @type {WebSocket | null} */
    this.relief = null;
    /** @type {Map<Timer, ReturnType<typeof setTimeout>>} */
    this.timers = new Map();
  }

  open() {
    this.#clear();
    this.socket = this.#dial();
    this.options.onLink({ status: "connecting" });
    this.#after("answer", ANSWER_WITHIN, () => this.reconnect());
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
    else this.#probe();
  }

  /** Somebody looks at the page again: timers may have slept meanwhile, and the gateway may have gone. */
  looked() {
    if (this.timers.has("retry")) this.open();
    else if (this.options.now() - this.heardAt > LOOK_AGAIN_AFTER) this.#probe();
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

  #dial() {
    const socket = this.options.connect(this.url);
    // Events of a socket that has been given up are no longer ours.
    socket.onopen = () => {
      if (this.socket === socket) this.#opened();
      else if (this.relief === socket) socket.send(this.options.greeting());
    };
    socket.onmessage = ({ data }) => {
      if (this.relief === socket && this.options.isWelcome(data)) this.#takeOver(socket);
      if (this.socket === socket) this.#answered();
      if (this.socket === socket || this.relief === socket) this.options.onFrame(data, this.socket === socket);
    };
    socket.onclose = () => {
      if (this.socket === socket) this.#lost();
      else if (this.relief === socket) this.#withoutRelief();
    };
    return socket;
  }

  #opened() {
    this.#answered();
    this.#planRelief();
    this.options.onLink({ status: "online" });
  }

  #planRelief() {
    this.#after("relief", RELIEF_AFTER + this.options.random() * RELIEF_SPREAD, () => this.#relieve());
  }

  #relieve() {
    this.relief = this.#dial();
    this.#after("welcome", ANSWER_WITHIN, () => this.#withoutRelief());
  }

  /** The first socket stays, and a second is tried again. */
  #withoutRelief() {
    this.#cancel("welcome");
    const relief = this.relief;
    this.relief = null;
    relief?.close(1000);
    this.#after("relief", RELIEF_AGAIN_AFTER * (1 + this.options.random()), () => this.#relieve());
  }

  /** @param {WebSocket} relief */
  #takeOver(relief) {
    const first = this.socket;
    this.socket = relief;
    this.relief = null;
    this.#cancel("welcome");
    this.#planRelief();
    this.options.onRelief();
    first?.close(1000);
  }

  /** An answer is due soon; after a silence that no timer saw there is none to wait for. */
  #probe() {
    if (this.socket?.readyState === WebSocket.OPEN && this.options.now() - this.heardAt > STALE_AFTER) {
      this.#drop();
      this.open();
    } else {
      this.send(this.options.heartbeat());
    }
  }

  #answered() {
    this.heardAt = this.options.now();
    this.#cancel("answer");
  }

  #lost() {
    this.#clear();
    this.#dropRelief();
    const wait = backoff(this.attempt++, this.options.random());
    this.#after("retry", wait, () => this.open());
    // "Offline" is a hint that can be wrong, so the timer runs in either case.
    this.options.onLink({ status: this.options.isOnline() ? "waiting" : "offline", retryAt: this.options.now() + wait });
  }

  #drop() {
    const socket = this.socket;
    this.socket = null;
    socket?.close(1000);
    this.#dropRelief();
  }

  #dropRelief() {
    const relief = this.relief;
    this.relief = null;
    relief?.close(1000);
  }

  /** @param {Timer} name @param {number} wait @param {() => void} act */
  #after(name, wait, act) {
    this.#cancel(name);
    this.timers.set(name, setTimeout(() => { this.timers.delete(name); act(); }, wait));
  }

  /** @param {Timer} name */
  #cancel(name) {
    clearTimeout(this.timers.get(name));
    this.timers.delete(name);
  }

  #clear() {
    for (const timer of this.timers.values()) clearTimeout(timer);
    this.timers.clear();
  }
}
