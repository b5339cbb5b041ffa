/**
 * Which messages the page holds as elements: a few hundred, of however many are known. A span goes from the number `from` to
 * the number `to`; 0 is the beginning and Infinity the end, whatever comes there.
 */

/** @import { Message, Span } from "../types.js" */

const MOST = 300;
const STEP = 100;

/** @type {Span} */
export const whole = { from: 0, to: Infinity };

/** Where the first message from that number on is. @param {Message[]} messages @param {number} seq */
export function placeOf(messages, seq) {
  let [low, high] = [0, messages.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (messages[middle].seq < seq) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Where it starts, and ends. @param {Message[]} messages @param {Span} span */
export const placesOf = (messages, { from, to }) => [placeOf(messages, from), placeOf(messages, to + 1)];

/**
 * No more than can be held.
 * @param {Message[]} messages @param {Span} span @param {boolean} below what is kept: its end, or its beginning
 * @returns {Span}
 */
export function bounded(messages, span, below) {
  const [start, end] = placesOf(messages, span);
  if (end - start <= MOST) return span;
  return below ? { ...span, from: messages[end - MOST].seq } : { ...span, to: messages[start + MOST - 1].seq };
}

/** Goes on above or below, and leaves as much at the other end. @param {Message[]} messages @param {Span} span @param {boolean} below */
export function shifted(messages, span, below) {
  const [start, end] = placesOf(messages, span);
  const from = below ? span.from : messages[Math.max(0, start - STEP)]?.seq ?? 0;
  return bounded(messages, opened(messages, { from, to: below ? messages[end + STEP - 1]?.seq ?? Infinity : span.to }), below);
}

/** With that number in it, and some before and after. @param {Message[]} messages @param {number} seq */
export const around = (messages, seq) =>
  bounded(messages, opened(messages, { from: messages[Math.max(0, placeOf(messages, seq) - STEP)]?.seq ?? 0, to: Infinity }), false);

/** From the very beginning, if from the first message that is known. @param {Message[]} messages @param {Span} span @returns {Span} */
const opened = (messages, span) => (placeOf(messages, span.from) === 0 ? { ...span, from: 0 } : span);
