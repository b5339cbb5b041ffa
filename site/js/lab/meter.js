/** What one way of carrying the room has cost so far: sums, what is held now, and the last minute for the drawings. */
import { KEPT, percentile, withLast } from "./statistics.js";

/** @import { Counts, Flight, Kind, Sample, Sizes, Span, SpanKind } from "./types.js" */

/** For how long requests and messages are kept for the drawings, in milliseconds. */
export const REMEMBERED = 60_000;

/** @returns {Counts} */
export const noCounts = () => ({
  requests: 0, empty: 0, failed: 0, framesUp: 0, framesDown: 0,
  bodyUp: 0, bodyDown: 0, headUp: 0, headDown: 0, heldMs: 0, delivered: 0,
});

/** @param {Counts} now @param {Counts} before @returns {Counts} */
export function difference(now, before) {
  const keys = /** @type {(keyof Counts)[]} */ (Object.keys(now));
  return /** @type {Counts} */ (Object.fromEntries(keys.map((key) => [key, now[key] - before[key]])));
}

/** @param {() => number} clock in milliseconds, only forward */
export function createMeter(clock) {
  let counts = noCounts();
  let sampled = noCounts();
  let [heldNow, heldUpTo, sampledAt, ranMs] = [0, clock(), clock(), 0];
  /** @type {Span[]} */
  let spans = [];
  /** @type {Flight[]} */
  let flights = [];
  /** @type {number[]} */
  let latencies = [];

  /** Bring `heldMs` up to now; then there are `change` more. */
  function hold(change = 0) {
    const now = clock();
    counts.heldMs += heldNow * (now - heldUpTo);
    [heldNow, heldUpTo] = [heldNow + change, now];
  }

  /** @param {SpanKind} kind */
  function open(kind) {
    hold(1);
    /** @type {Span} */
    const span = { from: clock(), to: null, kind };
    spans.push(span);
    return span;
  }

  /** @param {Span} span @param {SpanKind} kind */
  function close(span, kind) {
    hold(-1);
    Object.assign(span, { to: clock(), kind });
  }

  return {
    /** A request begins. What is returned is called with its end. @param {Sizes} sizes */
    request({ head, body }) {
      counts.requests += 1;
      counts.headUp += head;
      counts.bodyUp += body;
      const span = open("pending");
      const of = counts;
      return (/** @type {{kind: SpanKind} & Partial<Sizes>} */ end) => {
        close(span, end.kind);
        if (of !== counts) return; // its beginning was counted before the reset
        counts.headDown += end.head ?? 0;
        counts.bodyDown += end.body ?? 0;
        if (end.kind === "empty") counts.empty += 1;
        if (end.kind === "failed") counts.failed += 1;
      };
    },
    /** A socket is open. What is returned is called when it is not any more. */
    held() {
      const span = open("socket");
      return () => close(span, "socket");
    },
    /** @param {"up" | "down"} way @param {Sizes} sizes */
    frame(way, { head, body }) {
      counts[way === "up" ? "framesUp" : "framesDown"] += 1;
      counts[way === "up" ? "headUp" : "headDown"] += head;
      counts[way === "up" ? "bodyUp" : "bodyDown"] += body;
    },
    lost() {
      counts.failed += 1;
    },
    /** @param {number} sentAt on the same clock @returns {number} how long it took */
    delivered(sentAt) {
      const at = clock();
      counts.delivered += 1;
      flights.push({ sentAt, at });
      latencies = withLast(latencies, at - sentAt, KEPT);
      return at - sentAt;
    },
    /** All sums begin anew; what is held stays held. */
    reset() {
      hold();
      counts = noCounts();
      sampled = noCounts();
      [sampledAt, ranMs] = [clock(), 0];
      [latencies, flights] = [[], []];
      spans = spans.filter(({ to }) => to === null);
    },
    /** What came to it since the last sample. @param {Kind} kind @param {number | null} setting @param {number} time
     *  @returns {Sample} */
    sample(kind, setting, time) {
      hold();
      const now = clock();
      const sample = {
        time, kind, setting, heldNow, counts: difference(counts, sampled), seconds: (now - sampledAt) / 1000,
        p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99),
      };
      ranMs += now - sampledAt;
      [sampled, sampledAt] = [{ ...counts }, now];
      return sample;
    },
    /** The time since the last sample does not count: nothing ran. */
    skip() {
      sampledAt = clock();
    },
    look() {
      hold();
      const since = clock() - REMEMBERED;
      spans = spans.filter(({ to }) => to === null || to > since);
      flights = flights.filter(({ at }) => at > since);
      return {
        counts: { ...counts }, heldNow, spans, flights, ranMs,
        p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99), measured: latencies.length,
      };
    },
  };
}
