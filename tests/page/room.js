/** Events for the page's reducer, and a person in a room who meets them. */
import { initialState, reduce } from "../../site/js/core/state.js";

/** @import { Event, Message, Page, State, SystemLine } from "../../site/js/types.js" */

const ROOM = "r";
const moment = { now: 0, luck: 0.5 };
const timeOf = (/** @type {number} */ seq) => new Date(Date.UTC(2030, 0, 1, 10) + seq * 1000).toISOString();

/** @param {number} seq @param {string} [who] @param {Partial<Message>} [more] @returns {Message} */
export const message = (seq, who = "Bo", more = {}) =>
  ({ type: "message", room_id: ROOM, client_id: who, content: `${who} ${seq}`, timestamp: timeOf(seq), seq, ...more });

/** A second after, or before, a message. @param {number} seq @param {string} content @returns {SystemLine} */
export const line = (seq, content) => ({ type: "system", room_id: ROOM, content, timestamp: timeOf(seq) });

/** @param {Message[]} messages @param {string} id what it answers @returns {Page} */
export function page(messages, id = "newest") {
  const [from, through] = [messages[0]?.seq ?? 1, messages.at(-1)?.seq ?? 0];
  return { type: "page", messages, from, through, last_seq: through, more: from > 1, timestamp: "", id };
}

/** All from one number to another. @param {number} from @param {number} to */
export const run = (from, to) => Array.from({ length: to - from + 1 }, (_, index) => message(from + index));

/** @param {Event[]} events @param {State} state */
export const after = (events, state = reduce(initialState, { type: "entered", name: "Ada", room: ROOM, kept: null }, moment)) =>
  events.reduce((next, event) => reduce(next, event, moment), state);
