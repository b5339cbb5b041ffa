/**
 * Which messages the page holds as elements: a few hundred, of however many are known. A span goes from the number `from` to
 * the number `to`; 0 is the beginning and Infinity the end, whatever comes there.
 */

/** @import { Message, Span } from "../types.js" */

const MOST = 260;
const STEP = 80;
/** So many are left of more than `MOST` where the end is followed: not each message that comes there takes one away. */
const LATEST = 120;

/** @type {Span} */
export const whole = { from: 0, to: Infinity };

/** How many at the beginning are so; all of those come before all others. @template T @param {T[]} all @param {(each: T) => boolean} isSo */
export function countWhile(all, isSo) {
  let [low, high] = [0, all.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isSo(all[middle])) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Where the first message from that number on is. @param {Message[]} messages @param {number} from */
export const placeOf = (messages, from) => countWhile(messages, ({ seq }) => seq < from);

/** Where it starts, and ends. @param {Message[]} messages @param {Span} span */
export const placesOf = (messages, { from, to }) => [placeOf(messages, from), placeOf(messages, to + 1)];

/**
 * No more than can be held.
 * @param {Message[]} messages @param {Span} span @param {boolean} following what is kept: the end, or the beginning
 * @returns {Span}
 */
export function bounded(messages, span, following) {
  const [start, end] = placesOf(messages, span);
  if (end - start <= MOST) return span;
  return following ? { ...span, from: messages[end - LATEST].seq } : { ...span, to: messages[start + MOST - 1].seq };
}

/** Goes on above or below, and leaves as much at the other end. @param {Message[]} messages @param {Span} span @param {boolean} below */
export function shifted(messages, span, below) {
  const [start, end] = placesOf(messages, span);
  if (!below) return bounded(messages, { ...span, from: fromPlace(messages, start - STEP) }, false);
  const to = messages[end + STEP - 1]?.seq ?? Infinity;
  return { from: Math.max(span.from, fromPlace(messages, Math.min(end + STEP, messages.length) - MOST)), to };
}

/** With that number in it, and some before and after. @param {Message[]} messages @param {number} seq */
export const around = (messages, seq) =>
  bounded(messages, { from: fromPlace(messages, placeOf(messages, seq) - STEP), to: Infinity }, false);

/** From the first message that is known is from the very beginning. @param {Message[]} messages @param {number} place */
const fromPlace = (messages, place) => (place <= 0 ? 0 : messages[place].seq);
