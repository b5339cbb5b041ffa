/** One way of carrying the room: what goes over its wire, what it costs, what it brought. */
import { bdi, element, setText } from "../view/dom.js";
import { createBars, createPoints, createWire, PLOTTED, SHOWN } from "./plot.js";

/** @import { Speaker } from "../types.js" */
/** @import { createFormat } from "./format.js" */
/** @import { createMeter } from "./meter.js" */
/** @import { Kind, Sample, Status } from "./types.js" */
/** @typedef {{number: string, latency: number | null}} Arrival */
/** @typedef {ReturnType<ReturnType<typeof createMeter>["look"]>} Look */
/**
 * @typedef {object} Seen
 * @property {Look} look
 * @property {Sample[]} samples of the last minute
 * @property {Status} status
 * @property {Arrival[]} arrivals the newest first
 * @property {number[]} sends
 * @property {number} now
 */

/** @param {Kind} kind */
export function createCard(kind) {
  const id = `${kind}-title`;
  const state = element("span", {});
  const dot = element("span", { class: "dot" });
  const wire = createWire();
  const list = element("ol", { class: "arrivals" });
  const requests = tile("requests", createBars());
  const bytes = tile("bytes", createBars());
  const held = tile("held", createBars());
  const latency = tile("latency", createPoints());
  const node = element("article", { class: `way ${kind}`, "aria-labelledby": id },
    element("header", {},
      element("h3", { id }, element("span", { "data-text": kind }), " ",
        element("span", { class: "also", lang: "en", "data-text": `also_${kind}` })),
      element("p", { class: "state" }, dot, state)),
    element("p", { class: "about", "data-rich": `about_${kind}` }),
    element("figure", { class: "on-wire" }, element("figcaption", { "data-text": "wire" }), wire.svg),
    element("dl", { class: "tiles" }, requests.node, bytes.node, held.node, latency.node),
    element("div", { class: "last" }, element("h4", { "data-text": "last_messages" }), list));

  /** @template {{svg: SVGElement | Element}} T @param {string} name @param {T} plot */
  function tile(name, plot) {
    const value = element("dd", { class: "value" });
    const sub = element("dd", { class: "sub" });
    const tileNode = element("div", { class: "tile" },
      element("dt", { "data-text": name }), value, sub, element("dd", {}, plot.svg));
    return {
      node: tileNode,
      plot,
      /** @param {string} main @param {string} more */
      say(main, more) {
        setText(value, main);
        setText(sub, more);
      },
    };
  }

  /** @param {Seen} seen @param {Speaker} speak @param {ReturnType<typeof createFormat>} format */
  function showWire({ look, sends, now, status, arrivals }, speak, format) {
    const recent = look.spans.filter(({ to }) => to === null || to > now - SHOWN);
    const asked = recent.filter(({ kind: what }) => what !== "socket");
    const flights = look.flights.filter(({ at }) => at > now - SHOWN);
    wire.draw({
      spans: recent, flights, sends, now,
      label: speak.plain("wire_spoken", {
        way: speak.plain(kind), requests: asked.length, messages: flights.length,
        empty: asked.filter(({ kind: what }) => what === "empty").length,
      }),
    });
    dot.dataset.state = status.state;
    setText(state, stateText(status, now, speak, format));
    const anew = arrivals.map(({ number, latency: ms }) => `${number}\n${ms === null ? "" : format.time(ms)}`);
    if (list.dataset.shown === `${speak.language.code}${anew}`) return;
    list.dataset.shown = `${speak.language.code}${anew}`;
    list.replaceChildren(...(arrivals.length === 0 ? [element("li", { class: "soft" }, speak.plain("no_messages"))] : []),
      ...arrivals.map(({ number, latency: ms }) => element("li", {}, bdi(number),
        element("span", { class: "soft" }, ms === null ? "" : speak.plain("after_time", { time: format.time(ms) })))));
  }

  /** @param {Status} status @param {number} now @param {Speaker} speak @param {ReturnType<typeof createFormat>} format */
  function stateText({ state: is, reason, until }, now, speak, format) {
    const key = is === "asking" ? `state_asking_${kind}` : is === "refused" && !reason ? "state_refused_silent" : `state_${is}`;
    return speak.plain(key, { time: format.rest((until ?? now) - now), reason: reason ?? "" });
  }

  /**
   * The four figures and their plots.
   * @param {Seen} seen @param {{requests: number, bytes: number}} tops of all three, in a second
   * @param {Speaker} speak @param {ReturnType<typeof createFormat>} format
   */
  function showFigures({ look: { counts, heldNow, p50, p99, measured, flights, ranMs }, samples, now }, tops, speak, format) {
    const way = speak.plain(kind);
    const last = samples.at(-1);
    const per = (/** @type {number} */ amount, /** @type {Sample} */ { seconds }) => amount / Math.max(seconds, 0.5);
    const shown = samples.slice(-PLOTTED);

    const frames = counts.framesUp + counts.framesDown;
    requests.say(format.count(counts.requests), kind === "websocket"
      ? speak.plain("requests_frames", { count: frames })
      : speak.plain("requests_sub", { empty: counts.empty }));
    requests.plot.draw(
      shown.map((sample) => ({ full: per(sample.counts.requests - sample.counts.empty, sample), pale: per(sample.counts.empty, sample) })),
      tops.requests,
      speak.plain("requests_plot", { way, last: last?.counts.requests ?? 0, top: Math.ceil(tops.requests) }));

    const heads = counts.headUp + counts.headDown;
    const total = heads + counts.bodyUp + counts.bodyDown;
    bytes.say(format.bytes(total), speak.plain("bytes_sub", {
      up: format.bytes(counts.headUp + counts.bodyUp), down: format.bytes(counts.headDown + counts.bodyDown),
      share: format.percent(heads / total) }));
    bytes.plot.draw(
      shown.map((sample) => ({ full: per(bodies(sample), sample), pale: per(headers(sample), sample) })),
      tops.bytes,
      speak.plain("bytes_plot", { way, last: format.bytes(last ? bodies(last) + headers(last) : 0), top: format.bytes(tops.bytes) }));

    held.say(format.count(heldNow), speak.plain("held_sub", { share: format.percent(counts.heldMs / ranMs) }));
    held.plot.draw(
      shown.map((sample) => ({ full: heldShare(sample), pale: 0 })), 1.15,
      speak.plain("held_plot", { way, last: format.percent(last ? heldShare(last) : NaN) }));

    latency.say(format.time(p50), measured === 0
      ? speak.plain("latency_none")
      : speak.plain("latency_sub", { p99: format.time(p99), count: measured }));
    latency.plot.draw(flights, now, format.time, speak.plain("latency_plot", { way, p50: format.time(p50), p99: format.time(p99) }));
  }

  return { node, showWire, showFigures };
}

/** @param {Sample} sample */
export const bodies = ({ counts }) => counts.bodyUp + counts.bodyDown;
/** @param {Sample} sample */
export const headers = ({ counts }) => counts.headUp + counts.headDown;

/** How many connections were held on average. @param {Sample} sample */
const heldShare = ({ counts, seconds }) => counts.heldMs / (seconds * 1000);
