/** How long to wait before trying again: full jitter, so that a thousand pages do not come back all at once. */

const BASE = 1_000;
const CAP = 30_000;

/**
 * Anything between nothing and an exponentially growing bound.
 * @param {number} attempt 0 for the first retry @param {number} luck in [0, 1)
 */
export const backoff = (attempt, luck) => luck * Math.min(CAP, BASE * 2 ** Math.min(attempt, 16));
