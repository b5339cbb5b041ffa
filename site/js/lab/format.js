/** Figures in the reader's language. */

/** @import { Speaker } from "../types.js" */

/** @param {Speaker} speak */
export function createFormat(speak) {
  /** Three figures tell enough. @param {number} value */
  const short = (value) => Number(value.toPrecision(value < 1000 ? 3 : 4));
  /** @param {string} unit @param {number} value */
  const of = (unit, value) => speak.plain(`unit_${unit}`, { value: short(value) });

  return {
    count: speak.number,
    /** @param {number | null} ms */
    time: (ms) => (ms === null ? speak.plain("nothing") : ms < 999.5 ? of("ms", ms < 10 ? ms : Math.round(ms)) : of("s", ms / 1000)),
    /** Whole seconds to go. @param {number} ms */
    rest: (ms) => speak.plain("seconds_of", { count: Math.max(0, Math.ceil(ms / 1000)) }),
    /** @param {number} bytes */
    bytes: (bytes) => (bytes < 1000 ? of("b", Math.round(bytes)) : bytes < 999_500 ? of("kb", bytes / 1000) : of("mb", bytes / 1e6)),
    /** @param {number} share of one; NaN of nothing */
    percent: (share) => (Number.isFinite(share) ? of("percent", Math.round(share * 100)) : speak.plain("nothing")),
    /** Of this many for each of those. @param {number} sum @param {number} each */
    ratio: (sum, each) => (each === 0 ? speak.plain("nothing") : speak.number(short(sum / each))),
  };
}
