/** Small drawings, each with a label that says the same in words; time runs from left to right. */
import { REMEMBERED } from "./meter.js";

/** @import { Flight, Span } from "./types.js" */

const SVG = "http://www.w3.org/2000/svg";

/** How much of the wire is shown, in milliseconds. */
export const SHOWN = 30_000;

/** How many samples a small plot shows. */
export const PLOTTED = 60;

/** @param {string} tag @param {Record<string, string | number>} attributes @param {...Node} children */
function shape(tag, attributes, ...children) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  made.append(...children);
  return made;
}

/** @param {string} style @param {number} height */
function drawing(style, height) {
  const svg = shape("svg", { class: `plot ${style}`, role: "img", height });
  return {
    svg,
    /** @param {(width: number) => Node[]} shapes @param {string} label */
    draw(shapes, label) {
      const width = Math.max(80, Math.round(svg.getBoundingClientRect().width));
      svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
      svg.setAttribute("aria-label", label);
      svg.replaceChildren(...shapes(width));
    },
  };
}

/** Two amounts a second, the second on top of the first. */
export function createBars(height = 58) {
  const { svg, draw } = drawing("bars", height);
  return {
    svg,
    /** @param {{full: number, pale: number}[]} values the newest last @param {number} top what fills the height
     *  @param {string} label */
    draw: (values, top, label) => draw((width) => {
      const step = width / PLOTTED;
      const first = PLOTTED - values.length;
      const tall = (/** @type {number} */ value) => (value <= 0 ? 0 : Math.max(1.5, (value / top) * (height - 3)));
      return [
        shape("line", { class: "base", x1: 0, x2: width, y1: height - 0.5, y2: height - 0.5 }),
        ...values.flatMap(({ full, pale }, index) => {
          const x = (first + index) * step + step * 0.15;
          const [lower, upper] = [tall(full), tall(pale)];
          return [
            ...(lower ? [shape("rect", { class: "full", x, y: height - 1 - lower, width: step * 0.7, height: lower })] : []),
            ...(upper ? [shape("rect", { class: "pale", x, y: height - 1 - lower - upper, width: step * 0.7, height: upper })] : []),
          ];
        }),
      ];
    }, label),
  };
}

/** From a thousandth of a second to a minute. */
const DECADES = [1, 10, 100, 1000, 10_000, 60_000];

/** Latencies, a point each, on a scale where each line is ten times the one below. */
export function createPoints(height = 58) {
  const { svg, draw } = drawing("points", height);
  const up = (/** @type {number} */ ms) => {
    const share = Math.log10(Math.min(Math.max(ms, 1), 60_000)) / Math.log10(60_000);
    return height - 4 - share * (height - 8);
  };
  return {
    svg,
    /** @param {Flight[]} flights @param {number} now @param {(ms: number) => string} named @param {string} label */
    draw: (flights, now, named, label) => draw((width) => [
      ...DECADES.slice(0, -1).map((ms) => shape("line", { class: "grid", x1: 0, x2: width, y1: up(ms), y2: up(ms) })),
      ...[10, 1000].map((ms) => shape("text", { class: "mark", x: 0, y: up(ms) - 2 }, new Text(named(ms)))),
      ...flights.map(({ sentAt, at }) =>
        shape("circle", { class: "point", cx: width - 3 - ((now - at) / REMEMBERED) * (width - 6), cy: up(at - sentAt), r: 2.5 })),
    ], label),
  };
}

/**
 * The wire in the last half minute: requests as long as they lasted, hollow if they brought nothing; above them each
 * message from its sending to its arrival, whose length is the latency.
 */
export function createWire(height = 62) {
  const { svg, draw } = drawing("wire", height);
  const [MESSAGES, REQUESTS, THICK] = [14, 32, 20];
  return {
    svg,
    /** @param {{spans: Span[], flights: Flight[], sends: number[], now: number, label: string}} what */
    draw: ({ spans, flights, sends, now, label }) => draw((width) => {
      const x = (/** @type {number} */ at) => Math.max(-9, width - 8 - ((now - at) / SHOWN) * (width - 8));
      const seconds = Array.from({ length: SHOWN / 5000 }, (_, index) => x(now - (index + 1) * 5000));
      return [
        ...seconds.map((at) => shape("line", { class: "grid", x1: at, x2: at, y1: height - 6, y2: height - 1 })),
        shape("line", { class: "base", x1: 0, x2: width, y1: height - 1, y2: height - 1 }),
        ...sends.map((at) => shape("line", { class: "sent", x1: x(at), x2: x(at), y1: 2, y2: height - 2 })),
        ...spans.map(({ from, to, kind }) => {
          const long = Math.max(3, x(to ?? now) - x(from));
          return shape("rect", { class: `span ${kind}`, x: x(from), y: REQUESTS, width: long, height: THICK, rx: 2 });
        }),
        ...flights.flatMap(({ sentAt, at }) => [
          shape("line", { class: "flight", x1: x(sentAt), x2: x(at), y1: MESSAGES, y2: MESSAGES }),
          shape("circle", { class: "point", cx: x(at), cy: MESSAGES, r: 4 }),
        ]),
      ];
    }, label),
  };
}
