/** The HTTP API as a member uses it: one function for each request. None throws: where no answer came, its status is 0. */
import { parsed } from "../core/protocol.js";

/** @import { Answer, Entry, EventsQuery, Exchange } from "../types.js" */

const ANSWER_WITHIN = 15_000; // a cold start takes seconds; a dead network says nothing at all

/** What is undefined or null is left out. @param {Record<string, string | number | null | undefined>} values */
function query(values) {
  const given = Object.entries(values).filter(([, value]) => value !== undefined && value !== null);
  return given.length === 0 ? "" : `?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}`;
}

/** @param {Pick<Entry, "room" | "name" | "ticket" | "observe">} entry */
export function createApi({ room, name, ticket, observe }) {
  const base = `/api/rooms/${encodeURIComponent(room)}`;
  const stopping = new AbortController();
  let key = "";

  /**
   * @param {Exchange["request"]} request @param {string} path @param {RequestInit & {bearer?: string}} init
   * @param {number} [wait] in seconds, which the answer may take longer
   * @returns {Promise<Answer>}
   */
  async function ask(request, path, { bearer = key, ...init }, wait = 0) {
    /** @type {HeadersInit} */
    const headers = bearer === "" ? {} : { authorization: `Bearer ${bearer}` };
    const limit = AbortSignal.timeout(ANSWER_WITHIN + wait * 1000);
    const signal = request === "events" ? AbortSignal.any([stopping.signal, limit]) : limit;
    /** @type {Exchange} */
    const exchange = {
      request, method: init.method ?? "GET", url: base + path, sent: String(init.body ?? ""), wait,
      status: 0, headers: [], received: "", startedAt: performance.now(), endedAt: 0,
    };
    observe?.(exchange);
    try {
      const response = await fetch(exchange.url, { ...init, headers, signal, cache: "no-store" });
      exchange.received = await response.text();
      exchange.headers = [...response.headers];
      exchange.status = response.status;
    } catch {
      // No network, or no patience left.
    }
    exchange.endedAt = performance.now();
    observe?.(exchange);
    return { status: exchange.status, body: parsed(exchange.received) }; // not every answer is the server's own
  }

  return {
    async enter() {
      const answer = await ask("enter", `/members/${encodeURIComponent(name)}`, { method: "POST", bearer: ticket() });
      if (answer.status === 201 && typeof answer.body?.key === "string") key = answer.body.key;
      return { ...answer, entered: key !== "" };
    },
    /** It outlasts the page, so that others see it at once when a tab is closed. */
    leave() {
      if (key !== "") void ask("leave", "/members", { method: "DELETE", keepalive: true });
      key = "";
    },
    members: () => ask("members", "/members", {}),
    /** @param {EventsQuery} what */
    events: (what) => ask("events", `/events${query(what)}`, {}, what.wait),
    /** @param {string} frame */
    say: (frame) => ask("messages", "/messages", { method: "POST", body: frame }),
    /** Questions that wait for an answer are given up; what was said is not. */
    stop: () => stopping.abort(),
  };
}
