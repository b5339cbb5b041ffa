/** The experiment: three members of one room, what is said there, and what each of them sees of it. */
import { claimsOf } from "../ticket.js";
import { createMember } from "./member.js";
import { createMeter } from "./meter.js";

/** @import { Message } from "../types.js" */
/** @import { Arrival } from "./card.js" */
/** @import { Kind, Member, Observer, Sample, Status } from "./types.js" */

/** @type {readonly Kind[]} */
export const KINDS = ["polling", "long-polling", "websocket"];

/** For how long a sending is remembered, in milliseconds. */
const PENDING = 120_000;
const SAMPLES = 3600;
const LISTED = 4;

/** @typedef {{at: number, number: number, manual: boolean, arrived: Map<Kind, number>}} Sending */
/** @typedef {{interval: number, hold: number, sender: Kind}} Settings in seconds */

/**
 * @param {{room: string, ticket: string}} place @param {Settings} settings which may be changed meanwhile
 * @param {{now?: () => number, arrived?: (sending: Sending) => void}} options
 *   `arrived` is called when a message that was sent by hand has come by all that are in the room
 */
export function createRoom({ room, ticket }, settings, { now = () => performance.now(), arrived = () => {} } = {}) {
  const suffix = crypto.getRandomValues(new Uint16Array(1))[0].toString(36);
  const claimed = claimsOf(ticket).sub;
  /** @type {Map<string, Sending>} */
  const sendings = new Map();
  /** @type {Sample[]} */
  let samples = [];
  let [running, count] = [false, 0];

  const ways = new Map(KINDS.map((kind) => {
    const meter = createMeter(now);
    const way = {
      kind, meter,
      status: /** @type {Status} */ ({ state: "stopped" }),
      arrivals: /** @type {Arrival[]} */ ([]),
      seen: /** @type {Set<number>} */ (new Set()),
      member: /** @type {Member | null} */ (null),
    };
    /** @type {Observer} */
    const observer = {
      ...meter,
      status: (status) => { way.status = status; },
      message: (message) => heard(way, message),
    };
    const me = { room, ticket, name: typeof claimed === "string" ? claimed : `lab-${kind}-${suffix}` };
    /** Read by the transport each time. */
    const pace = {
      get wait() { return settings.hold; },
      get soonest() { return settings.interval * 1000; },
      get latest() { return settings.interval * 1000; },
    };
    way.member = createMember(kind, me, observer, { pace, now });
    return [kind, way];
  }));

  /** @param {{kind: Kind, meter: ReturnType<typeof createMeter>, arrivals: Arrival[], seen: Set<number>}} way
   *  @param {Message} message */
  function heard(way, { id, seq, content }) {
    if (way.seen.has(seq)) return;
    way.seen.add(seq);
    const sending = sendings.get(id ?? "");
    const latency = sending ? way.meter.delivered(sending.at) : null;
    way.arrivals = [{ number: content, latency }, ...way.arrivals].slice(0, LISTED);
    if (!sending || latency === null) return;
    sending.arrived.set(way.kind, latency);
    if (sending.manual && [...ways.values()].every(({ kind, member }) => sending.arrived.has(kind) || !member?.ready())) {
      sending.manual = false;
      arrived(sending);
    }
  }

  return {
    ways,
    get running() { return running; },
    start() {
      if (running) return;
      running = true;
      for (const { meter, member } of ways.values()) {
        meter.skip();
        member?.start();
      }
    },
    stop() {
      if (!running) return;
      this.sample();
      running = false;
      for (const { member } of ways.values()) member?.stop();
    },
    /** Says something over the chosen way, or over another that is there. Null if none is.
     *  @param {string} text @param {boolean} manual @returns {Kind | null} */
    say(text, manual) {
      const at = now();
      const sender = [settings.sender, ...KINDS.toReversed()].find((kind) => ways.get(kind)?.member?.ready());
      if (sender === undefined || !running) return null;
      for (const [id, sending] of sendings) if (sending.at < at - PENDING) sendings.delete(id);
      const id = `lab-${suffix}-${++count}`;
      sendings.set(id, { at, number: count, manual, arrived: new Map() });
      ways.get(sender)?.member?.say(id, text === "" ? `#${count}` : `#${count} ${text}`);
      return sender;
    },
    /** When messages were sent, on the page's clock. */
    sends: () => [...sendings.values()].map(({ at }) => at),
    sample() {
      const time = Date.now();
      if (!running) for (const { meter } of ways.values()) meter.skip();
      const made = [...ways.values()].map(({ kind, meter }) => meter.sample(
        kind, { polling: settings.interval, "long-polling": settings.hold, websocket: null }[kind], time));
      samples = [...samples, ...made].slice(-SAMPLES * KINDS.length);
    },
    samples: () => samples,
    reset() {
      for (const { meter } of ways.values()) meter.reset();
      samples = [];
    },
  };
}
