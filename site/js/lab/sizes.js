/**
 * Sizes on the wire, in bytes, as HTTP/1.1 and WebSocket write them. A page sees its own bodies and the headers of
 * answers; what the browser adds to a request is estimated.
 */

/** @import { Sizes } from "./types.js" */
/** @typedef {[name: string, value: string][]} Headers */

const encoder = new TextEncoder();

/** @param {string} text */
export const bytesOf = (text) => encoder.encode(text).length;

/** A first line and headers, with the line ends and the blank line. @param {string} first @param {Headers} headers */
export const headSize = (first, headers) =>
  bytesOf([first, ...headers.map(([name, value]) => `${name}: ${value}`), "", ""].join("\r\n"));

/**
 * The head of a frame: 2 bytes, 2 or 8 more for a long payload, 4 more for the mask of what a client sends.
 * @param {string} payload @param {"up" | "down"} way @returns {Sizes}
 */
export function frameSizes(payload, way) {
  const body = bytesOf(payload);
  const length = body < 126 ? 0 : body < 65_536 ? 2 : 8;
  return { head: 2 + length + (way === "up" ? 4 : 0), body };
}

/** What of the browser goes into a request. @typedef {{userAgent: string, languages: readonly string[], brands?: string,
 * platform?: string}} Browser */

/** @param {Navigator & {userAgentData?: {brands: {brand: string, version: string}[], platform: string}}} navigator
 *  @returns {Browser} */
export function browserOf({ userAgent, languages, userAgentData }) {
  return {
    userAgent,
    languages,
    brands: userAgentData?.brands.map(({ brand, version }) => `"${brand}";v="${version}"`).join(", "),
    platform: userAgentData && `"${userAgentData.platform}"`,
  };
}

/** @param {readonly string[]} languages */
const acceptLanguage = (languages) =>
  languages.map((tag, index) => (index === 0 ? tag : `${tag};q=${Math.max(0.1, 1 - index / 10)}`)).join(",");

/**
 * A request of `fetch` to the page's own host, as a browser writes it in HTTP/1.1.
 * @param {Browser} browser @param {string} origin
 * @param {{method: string, url: string, bearer: string, body: string}} request @returns {Sizes}
 */
export function requestSizes({ userAgent, languages, brands, platform }, origin, { method, url, bearer, body }) {
  const { host, pathname, search } = new URL(url, origin);
  const size = bytesOf(body);
  /** @type {Headers} */
  const all = [
    ["Host", host],
    ["Connection", "keep-alive"],
    ...(size > 0 || method === "POST" ? /** @type {Headers} */ ([["Content-Length", String(size)]]) : []),
    ...(platform ? /** @type {Headers} */ ([["sec-ch-ua-platform", platform]]) : []),
    ["User-Agent", userAgent],
    ...(brands ? /** @type {Headers} */ ([["sec-ch-ua", brands], ["sec-ch-ua-mobile", "?0"]]) : []),
    ...(bearer ? /** @type {Headers} */ ([["Authorization", `Bearer ${bearer}`]]) : []),
    ...(size > 0 ? /** @type {Headers} */ ([["Content-Type", "text/plain;charset=UTF-8"]]) : []),
    ["Accept", "*/*"],
    ...(method === "GET" ? [] : /** @type {Headers} */ ([["Origin", origin]])),
    ["Sec-Fetch-Site", "same-origin"],
    ["Sec-Fetch-Mode", "cors"],
    ["Sec-Fetch-Dest", "empty"],
    ["Accept-Encoding", "gzip, deflate, br, zstd"],
    ["Accept-Language", acceptLanguage(languages)],
  ];
  return { head: headSize(`${method} ${pathname}${search} HTTP/1.1`, all), body: size };
}

/** What follows the number, where it is not known: HTTP/2 and HTTP/3 have left it out. @type {Map<number, string>} */
const REASONS = new Map([[200, "OK"], [201, "Created"], [204, "No Content"], [400, "Bad Request"], [401, "Unauthorized"],
  [403, "Forbidden"], [404, "Not Found"], [410, "Gone"], [429, "Too Many Requests"], [503, "Service Unavailable"]]);

/** @param {{status: number, headers: Headers}} response @param {string} body @returns {Sizes} */
export const responseSizes = ({ status, headers }, body) =>
  ({ head: headSize(`HTTP/1.1 ${status} ${REASONS.get(status) ?? ""}`, headers), body: bytesOf(body) });

/**
 * The handshake, of which a page sees nothing at all: both halves are estimated.
 * @param {Browser} browser @param {string} origin @param {string} url @param {readonly string[]} protocols
 */
export function handshakeSizes({ userAgent, languages }, origin, url, protocols) {
  const { host, pathname, search } = new URL(url, origin);
  const KEY = 24; // 16 bytes in Base64
  const ACCEPT = 28; // 20 bytes in Base64
  return {
    up: headSize(`GET ${pathname}${search} HTTP/1.1`, [
      ["Host", host],
      ["Connection", "Upgrade"],
      ["Pragma", "no-cache"],
      ["Cache-Control", "no-cache"],
      ["User-Agent", userAgent],
      ["Upgrade", "websocket"],
      ["Origin", origin],
      ["Sec-WebSocket-Version", "13"],
      ["Accept-Encoding", "gzip, deflate, br, zstd"],
      ["Accept-Language", acceptLanguage(languages)],
      ["Sec-WebSocket-Key", "x".repeat(KEY)],
      ["Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits"],
      ...(protocols.length > 0 ? /** @type {Headers} */ ([["Sec-WebSocket-Protocol", protocols.join(", ")]]) : []),
    ]),
    down: headSize("HTTP/1.1 101 Switching Protocols", [
      ["Upgrade", "websocket"],
      ["Connection", "Upgrade"],
      ["Sec-WebSocket-Accept", "x".repeat(ACCEPT)],
      ...(protocols.length > 0 ? /** @type {Headers} */ ([["Sec-WebSocket-Protocol", protocols[0]]]) : []),
    ]),
  };
}
