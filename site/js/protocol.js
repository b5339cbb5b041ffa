/**
 * The wire protocol: event types, limits, frames in and out. Its error codes are a type, `ErrorCode`.
 *
 *     frames.sync(7)   // -> '{"action":"sync","after":7}'
 */

/** @import { WireEvent } from "./types.js" */

export const DEFAULTS = Object.freeze({ room: "general", name: "anonymous" });

export const LIMITS = Object.freeze({ name: 64, content: 4000 });

/** Lengths are counted in code points, as the server counts them. @param {string} text */
export const lengthOf = (text) => [...text].length;

/** @typedef {(value: any) => boolean} Check */
/** @type {Check} */
const isText = (value) => typeof value === "string";
/** @type {Check} */
const isCount = (value) => Number.isSafeInteger(value) && value >= 0;
/** @type {Check} */
const isMessage = (value) => value?.type === "message" && isEvent(value);
/** @type {Check} */
const isEvent = (value) => CHECKS.get(value.type)?.(value) === true;

/** What each type of event must have. @type {Map<string, Check>} */
const CHECKS = new Map([
  ["message", (e) => isText(e.client_id) && isText(e.content) && isCount(e.seq) && isText(e.id ?? "")],
  ["system", (e) => isText(e.content)],
  ["presence", (e) => Array.isArray(e.users) && e.users.every(isText) && isCount(e.total ?? 0)],
  ["error", (e) => isText(e.code) && isText(e.content) && isText(e.id ?? "")],
  ["pong", (e) => isCount(e.last_seq)],
  ["page", (e) => isCount(e.last_seq) && Array.isArray(e.messages) && e.messages.every(isMessage)],
]);

/**
 * A frame as an event, or null: a later protocol may say more than this page knows.
 * The gateway's own faults, `{"message", "connectionId", "requestId"}`, become an error event.
 * @param {unknown} text @returns {WireEvent | null}
 */
export function parseFrame(text) {
  let value;
  try {
    value = JSON.parse(String(text));
  } catch {
    return null;
  }
  if (value === null || typeof value !== "object") return null;
  if (value.type === undefined && isText(value.message) && isText(value.requestId)) {
    return { type: "error", code: "gateway_fault", content: value.message, timestamp: "" };
  }
  return isEvent(value) ? value : null;
}

export const frames = Object.freeze({
  /** @param {string} content @param {string} id */
  message: (content, id) => JSON.stringify({ content, id }),
  /** @param {number | null} after the last seq held, or null for the newest page */
  sync: (after) => JSON.stringify(after === null ? { action: "sync" } : { action: "sync", after }),
  ping: () => JSON.stringify({ action: "ping" }),
});

/** @param {{protocol: string, host: string}} location @param {string} room @param {string} name */
export function socketUrl({ protocol, host }, room, name) {
  const scheme = protocol === "https:" ? "wss:" : "ws:";
  return `${scheme}//${host}/ws/${encodeURIComponent(room)}/${encodeURIComponent(name)}`;
}
