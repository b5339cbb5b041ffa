/**
 * One lasting connection made of many transports: reconnects with full jitter, notices silence, and has a second one
 * take over in silence: a new WebSocket before the gateway cuts the first, or a better kind where one has come through.
 */
import { backoff } from "./core/backoff.js";
import { Choice } from "./transport.js";

/** @import { ConnectionOptions, End, Kind, Notice, Transport } from "./types.js" */
/** @typedef {"retry" | "answer" | "relief" | "climb" | "welcome"} Timer */

const ANSWER_WITHIN = 15_000; // a cold start takes seconds; a dead network says nothing at all
const STALE_AFTER = 6 * 60_000; // heartbeats are closer together: this long a silence was slept through
const LOOK_AGAIN_AFTER = 30_000;
// The gateway cuts every connection after 2 hours. The rest is luck, or pages that came together would go together.
const RELIEF_AFTER = 110 * 60_000;
const RELIEF_SPREAD = 5 * 60_000;
const RELIEF_AGAIN_AFTER = 30_000;
const PAUSE = 1_000; // no page that is on its way out lasts so long

const DEFAULTS = {
  isOnline: () => navigator.onLine,
  random: () => Math.random(),
  now: () => Date.now(), // it goes on while a laptop sleeps, as timers do not
};

export class Connection {
  /** @param {ConnectionOptions} options */
  constructor(options) {
    this.options = { ...DEFAULTS, ...options };
    this.choice = new Choice(options.forced, options.first);
    this.attempt = 0;
    this.heardAt = 0;
    this.climbedAt = 0;
    this.isOpen = false;
    /** Something has come from the transport in use. */
    this.hasWorked = false;
    /** @type {Transport | null} */
    this.transport = null;
    /** The one that is to take over. @type {Transport | null} */
    this.relief = null;
    /** @type {Map<Timer, ReturnType<typeof setTimeout>>} */
    this.timers = new Map();
  }

  open() {
    this.#clear();
    this.#drop();
    this.transport = this.#dial(this.choice.kind);
    this.options.onLink({ status: "connecting" });
    this.#after("answer", ANSWER_WITHIN, () => this.reconnect());
  }

  /** Whether the frame could be handed to the network. @param {string} frame */
  send(frame) {
    if (!this.isOpen || !this.transport?.send(frame)) return false;
    if (!this.timers.has("answer")) this.#after("answer", ANSWER_WITHIN, () => this.reconnect());
    return true;
  }

  /** The connection has shown that it works: the next loss starts counting anew. */
  settled() {
    this.attempt = 0;
  }

  /** The network came or went: find out what that means now, not at the next time-out. */
  networkChanged() {
    this.choice.networkChanged();
    if (this.timers.has("retry") && this.options.isOnline()) this.open();
    else this.#probe();
    if (this.options.isOnline()) this.#climbNow();
  }

  /** Somebody looks at the page again: timers may have slept meanwhile, and the gateway may have gone. */
  looked() {
    const now = this.options.now();
    if (this.timers.has("retry")) this.open();
    else if (now - this.heardAt > LOOK_AGAIN_AFTER) this.#probe();
    if (now - this.climbedAt > LOOK_AGAIN_AFTER) this.#climbNow();
  }

  /** Give this transport up and go through the usual wait for another. */
  reconnect() {
    this.#ended("lost");
  }

  /** The page goes, perhaps for good: others see it at once. If it is shown again, it comes back. */
  pause() {
    this.#clear();
    this.#drop();
    this.#after("retry", PAUSE, () => this.open());
  }

  close() {
    this.#clear();
    this.#drop();
  }

  /** @param {Kind} kind @returns {Transport} */
  #dial(kind) {
    /** @type {Transport} */
    const transport = this.options.dial(kind, {
      // Events of a transport that has been given up are no longer ours.
      onOpen: () => {
        if (this.transport === transport) this.#opened();
        else if (this.relief === transport) transport.send(this.options.greeting());
      },
      onFrame: (data) => {
        if (this.relief === transport && this.options.isWelcome(data)) this.#takeOver(transport, kind);
        if (this.transport === transport) this.#answered();
        const isFirst = this.transport === transport;
        if (isFirst || this.relief === transport) this.options.onFrame(data, isFirst);
      },
      onEnd: (end, refusal) => {
        if (this.transport === transport) this.#ended(end, refusal);
        else if (this.relief === transport) this.#withoutRelief(kind);
      },
    });
    return transport;
  }

  #opened() {
    this.isOpen = true;
    // Nothing has been heard yet: a silence from here on is one of the transport.
    this.heardAt = this.options.now();
    this.#cancel("answer");
    this.#plan();
    this.options.onLink({ status: "online", transport: this.choice.kind });
  }

  #plan() {
    const { kind } = this.choice;
    this.climbedAt = this.options.now();
    this.#after("relief", RELIEF_AFTER + this.options.random() * RELIEF_SPREAD, () => this.#relieve(kind));
    this.#planClimb();
  }

  #planClimb() {
    const wait = this.choice.climbAfter(this.options.random());
    if (wait < Infinity) this.#after("climb", wait, () => this.#relieve("websocket"));
  }

  #climbNow() {
    if (this.timers.has("climb")) this.#relieve("websocket");
  }

  /** @param {Kind} kind */
  #relieve(kind) {
    this.#dropRelief();
    if (kind !== this.choice.kind) {
      this.#cancel("climb");
      this.climbedAt = this.options.now();
    }
    this.relief = this.#dial(kind);
    this.#after("welcome", ANSWER_WITHIN, () => this.#withoutRelief(kind));
  }

  /** The first transport stays, and a second is tried again. @param {Kind} kind */
  #withoutRelief(kind) {
    const { now, random } = this.options;
    this.#cancel("welcome");
    this.#dropRelief();
    if (kind === this.choice.kind) this.#after("relief", RELIEF_AGAIN_AFTER * (1 + random()), () => this.#relieve(kind));
    const other = this.choice.climbFailed(kind, now());
    if (other) this.#relieve(other);
    else if (!this.timers.has("climb")) this.#planClimb();
  }

  /** @param {Transport} relief @param {Kind} kind */
  #takeOver(relief, kind) {
    const first = this.transport;
    this.transport = relief;
    this.relief = null;
    this.choice.worked(kind);
    this.#cancel("welcome");
    this.#cancel("climb");
    this.#plan();
    this.options.onRelief(kind);
    first?.close();
  }

  /** An answer is due soon; after a silence that no timer saw there is none to wait for. */
  #probe() {
    if (this.isOpen && this.options.now() - this.heardAt > STALE_AFTER) this.open();
    else this.send(this.options.heartbeat());
  }

  #answered() {
    this.heardAt = this.options.now();
    this.#cancel("answer");
    if (this.hasWorked) return;
    this.hasWorked = true;
    this.choice.worked(this.choice.kind);
  }

  /** @param {End} end @param {Notice} [refusal] */
  #ended(end, refusal) {
    const { isOnline, now, onLink, random } = this.options;
    // Without a network, nothing is learnt of its kinds.
    if (isOnline() && this.choice.ended(end, this.hasWorked, now())) return this.open();
    this.#clear();
    this.#drop();
    const wait = backoff(this.attempt++, random());
    this.#after("retry", wait, () => this.open());
    // "Offline" is a hint that can be wrong, so the timer runs in either case.
    onLink({ status: isOnline() ? "waiting" : "offline", retryAt: now() + wait, refusal });
  }

  #drop() {
    const { transport } = this;
    [this.transport, this.isOpen, this.hasWorked] = [null, false, false];
    transport?.close();
    this.#dropRelief();
  }

  #dropRelief() {
    const { relief } = this;
    this.relief = null;
    relief?.close();
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
