/** Percentiles of the last values. */

/** Of how many deliveries a latency is told. */
export const KEPT = 200;

/**
 * By nearest rank: the smallest value that at least `share` of all do not exceed. Null of none.
 *
 *     percentile([30, 10, 20], 0.5)   // -> 20
 *
 * @param {readonly number[]} values @param {number} share in (0, 1]
 */
export function percentile(values, share) {
  if (values.length === 0) return null;
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.ceil(share * sorted.length) - 1];
}

/** The last `count` of the values with one more. @param {readonly number[]} values @param {number} value */
export const withLast = (values, value, count = KEPT) => [...values, value].slice(-count);
