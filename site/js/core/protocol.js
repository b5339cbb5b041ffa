/**
 * The wire protocol: event types, limits, frames in and out. Its error codes are a type, `ErrorCode`.
 *
 *     frameOf({ type: "ping" })   // -> '{"action":"ping","id":"ping"}'
 */

/** @import { FrameAsk, WireEvent } from "../types.js" */

export const DEFAULTS = Object.freeze({ room: "general", name: "anonymous" });

export const LIMITS = Object.freeze({ name: 64, content: 4000 });

/** Lengths are counted in code points, as the server counts them. @param {string} text */
export const lengthOf = (text) => [...text].length;

/** @typedef {(value: any) => boolean} Check */
/** @type {Check} */
export const isText = (value) => typeof value === "string";
/** @type {Check} */
export const isCount = (value) => Number.isSafeInteger(value) && value >= 0;
/** Who came or went, where many did at once. @type {Check} */
const isSummary = ({ event, clients, total }) =>
  ["joined", "left"].includes(event) && Array.isArray(clients) && clients.length > 0 && clients.every(isText)
  && isCount(total) && total >= clients.length;
/** @type {Check} */
export const isMessage = (value) => value?.type === "message" && isEvent(value);
/** @type {Check} */
const isEvent = (value) => CHECKS.get(value.type)?.(value) === true;

/** What each type of event must have. @type {Map<string, Check>} */
const CHECKS = new Map([
  ["message", (e) => isText(e.client_id) && isText(e.content) && isText(e.timestamp)
    && isCount(e.seq) && e.seq > 0 && isText(e.id ?? "")],
  ["system", (e) => isText(e.content) && isText(e.timestamp) && (e.event === undefined || isSummary(e))],
  ["presence", (e) => Array.isArray(e.users) && e.users.every(isText) && isCount(e.total ?? 0) && isText(e.timestamp)],
  ["error", (e) => isText(e.code) && isText(e.content) && isText(e.id ?? "") && isCount(e.retry_after_ms ?? 0)],
  ["pong", (e) => isCount(e.last_seq)],
  ["page", (e) => isCount(e.last_seq) && isCount(e.from) && isCount(e.through) && typeof e.more === "boolean"
    && isText(e.id ?? "") && Array.isArray(e.messages) && e.messages.every(isMessage)],
]);

/** What is no JSON is null. @param {unknown} text @returns {any} */
export function parsed(text) {
  try {
    return JSON.parse(String(text));
  } catch {
    return null;
  }
}

/**
 * The events in a frame: one, or an array of several. What this page does not know is left out: a later protocol may
 * say more.
 * @param {unknown} text @returns {WireEvent[]}
 */
export const parseFrame = (text) => [parsed(text)].flat().map(eventOf).filter((event) => event !== null);

/**
 * The gateway's own faults, `{"message", "connectionId", "requestId"}`, become an error event.
 * @param {any} value @returns {WireEvent | null}
 */
function eventOf(value) {
  if (value === null || typeof value !== "object") return null;
  if (value.type === undefined && isText(value.message) && isText(value.requestId)) {
    return { type: "error", code: "gateway_fault", content: value.message, timestamp: "" };
  }
  return isEvent(value) ? value : null;
}

/**
 * What is asked as a frame. Every one carries an id, so that its answer or its error is known to be its own.
 * @param {FrameAsk} ask
 */
export function frameOf(ask) {
  switch (ask.type) {
    case "message": return JSON.stringify({ content: ask.content, id: ask.id });
    case "sync": {
      const { id, after, before } = ask; // what is undefined is left out
      return JSON.stringify({ action: "sync", after, before, id });
    }
    default: return JSON.stringify({ action: ask.type, id: ask.type });
  }
}

/** Several events may come in one frame. @param {{protocol: string, host: string}} location @param {string} room @param {string} name */
export function socketUrl({ protocol, host }, room, name) {
  const scheme = protocol === "https:" ? "wss:" : "ws:";
  return `${scheme}//${host}/ws/${encodeURIComponent(room)}/${encodeURIComponent(name)}?frames=batch`;
}
