/**
 * A member who asks instead of being told: frames become requests, and their answers frames. When it asks is the loop's
 * affair.
 */
import { backoff } from "../core/backoff.js";
import { parseFrame } from "../core/protocol.js";
import { createApi } from "./api.js";

/** @import { Answer, End, Entry, EventsQuery, Loop, Notice, Page, Transport, TransportEvents } from "../types.js" */

const APART = 300; // the server allows five requests a second, and what is said and asked besides needs some
const SLICE = 250;
const FAULTS = 3;
const FAULT = { type: "error", code: "gateway_fault", timestamp: "" };
/** "Not now", by whichever gateway says it. With any other status that is not the chat's own, this is no such API. */
const LATER = new Set([429, 500, 502, 503, 504]);

/** @param {Entry} entry @param {TransportEvents} events @param {Loop} loop @returns {Transport} */
export function startPoller(entry, { onOpen, onFrame, onEnd }, loop) {
  const api = createApi(entry);
  let [isOpen, isOver] = [false, false];
  let wake = () => {};
  let [faults, polledAt] = [0, -Infinity];
  /** The highest number that was told: what is missing below it, the page asks for itself. @type {number | null} */
  let position = null;
  /** @type {number | null} */
  let noticed = null;

  async function open() {
    const { status, body, entered } = await api.enter();
    if (isOver) return api.leave(); // closed meanwhile
    isOpen = entered;
    if (entered) {
      noticed = body.noticed ?? null; // what is announced from then on, one's own coming included, is news
      return onOpen();
    }
    if (body?.type === "error" && status < 500) end("refused", { code: String(body.code), content: String(body.content) });
    else end(status === 0 || LATER.has(status) ? "lost" : "missing");
  }

  /** @param {End} reason @param {Notice} [refusal] */
  function end(reason, refusal) {
    if (isOver) return;
    isOver = true;
    api.stop(); // the membership ends by itself: who comes back by another way has not left
    onEnd(reason, refusal);
  }

  /** Whether the answer has an end to it. @param {Answer} answer */
  function isTheEnd({ status, body }) {
    const gone = status === 401 || status === 410;
    if (gone) end("lost");
    else if (status === 404 && body?.type !== "error") end("missing");
    return isOver;
  }

  /** @param {any[]} told */
  function deliver(told) {
    const data = JSON.stringify(told);
    const wasFirst = position === null;
    for (const event of parseFrame(data)) if (event.type === "page") moveTo(event);
    onFrame(data);
    if (wasFirst && position !== null) void loop(poller);
  }

  /** @param {Page} page */
  function moveTo({ messages, through, last_seq }) {
    const end = Math.max(through, ...messages.map(({ seq }) => seq));
    // A count below what is known is that of a new log.
    position = last_seq < Number(position) ? end : Math.max(Number(position), end);
  }

  /** @param {Answer} answer */
  function isNews({ status, body }) {
    if (status !== 200 || !Array.isArray(body?.events)) return false;
    noticed = Math.max(Number(noticed), Number(body.noticed) || 0);
    return true;
  }

  /** @param {Promise<Answer>} asked @param {string} id of the frame that it answers */
  async function answered(asked, id) {
    const answer = await asked;
    const { status, body } = answer;
    if (isOver || isTheEnd(answer)) return;
    if (status === 0) end("lost");
    else if (isNews(answer)) deliver(answer.body.events);
    else if (status < 300) deliver(body === null ? [] : [body]);
    else deliver([{ ...FAULT, content: String(body?.message ?? status), id, ...body }]);
  }

  /** Always after the last notice that was told: the answer has the number of the latest. @param {EventsQuery} what */
  const ask = (what) => api.events({ ...what, noticed });

  /** @param {number} wait */
  async function sleep(wait) {
    if (wait > 0) await new Promise((resolve) => { setTimeout(resolve, wait); });
  }

  const poller = {
    isOver: () => isOver,
    end,
    /**
     * Wait, but no longer than until something is said here. Whether that was so.
     * @param {() => number} wait in milliseconds; it may become shorter meanwhile @returns {Promise<boolean>}
     */
    pause: (wait) => new Promise((resolve) => {
      const [since, longest] = [performance.now(), wait()];
      let timer = 0;
      const look = () => {
        const left = since + Math.min(longest, wait()) - performance.now();
        // Only for a pace that may change: in a hidden tab, timers in a chain run once a minute, and a lease is no longer.
        const next = entry.pace ? Math.min(left, SLICE) : left;
        if (left > 0) timer = window.setTimeout(look, next);
        else resolve(false);
      };
      wake = () => { clearTimeout(timer); resolve(true); };
      look();
    }),
    /**
     * Ask once what is new. "failed" is no answer, or none of the server's own.
     * @param {number} wait how long the server may hold the request, in seconds
     * @returns {Promise<"news" | "quiet" | "failed" | "busy">}
     */
    async poll(wait) {
      await sleep(polledAt + APART - performance.now());
      if (isOver) return "failed";
      polledAt = performance.now();
      const answer = await ask({ after: Number(position), wait });
      if (isOver || isTheEnd(answer)) return "failed";
      if (isNews(answer)) {
        faults = 0;
        deliver(answer.body.events);
        return answer.body.events.length > 0 ? "news" : "quiet";
      }
      const { status, body } = answer;
      if (status === 429) {
        await sleep(body?.retry_after_ms ?? 1_000);
      } else if (status === 0 || status === 502 || status === 504 || status < 300) {
        return "failed";
      } else if (++faults === FAULTS) {
        end("lost");
      } else {
        await sleep(backoff(faults, Math.random()));
      }
      return "busy";
    },
  };

  void open();
  return {
    send(frame) {
      if (!isOpen || isOver) return false;
      const { action, id, after, before } = JSON.parse(frame);
      if (action === "presence") void answered(api.members(), id);
      else if (action === "sync") void answered(ask({ after, before, id }), id);
      // What a pong has, the answer has too: the room's count, by which the page may know of a new log.
      else if (action === "ping") void answered(ask({ after: Number(position), id: `after:${position}` }), id);
      else void answered(api.say(frame), id).then(() => wake());
      return true;
    },
    close() {
      if (isOver) return;
      isOver = true;
      api.stop();
      api.leave();
    },
  };
}
