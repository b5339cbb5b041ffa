/** All figures in a table: what the drawings show, in numbers. */
import { element } from "../view/dom.js";

/** @import { createFormat } from "./format.js" */
/** @import { Look } from "./card.js" */
/** @import { Kind } from "./types.js" */

/** @type {[key: string, value: (look: Look, format: ReturnType<typeof createFormat>) => string][]} */
const ROWS = [
  ["requests", ({ counts }, { count }) => count(counts.requests)],
  ["empty", ({ counts }, { count }) => count(counts.empty)],
  ["failed", ({ counts }, { count }) => count(counts.failed)],
  ["frames", ({ counts }, { count }) => `${count(counts.framesUp)} / ${count(counts.framesDown)}`],
  ["body_up", ({ counts }, { bytes }) => bytes(counts.bodyUp)],
  ["body_down", ({ counts }, { bytes }) => bytes(counts.bodyDown)],
  ["all_up", ({ counts }, { bytes }) => bytes(counts.bodyUp + counts.headUp)],
  ["all_down", ({ counts }, { bytes }) => bytes(counts.bodyDown + counts.headDown)],
  ["held", ({ heldNow }, { count }) => count(heldNow)],
  ["share", ({ counts, ranMs }, { percent }) => percent(counts.heldMs / ranMs)],
  ["delivered", ({ counts }, { count }) => count(counts.delivered)],
  ["per_requests", ({ counts }, { ratio }) => ratio(counts.requests, counts.delivered)],
  ["per_bytes", ({ counts }, { ratio }) =>
    ratio(counts.bodyUp + counts.bodyDown + counts.headUp + counts.headDown, counts.delivered)],
  ["p50", ({ p50 }, { time }) => time(p50)],
  ["p99", ({ p99 }, { time }) => time(p99)],
];

/** @param {HTMLElement} table @param {readonly Kind[]} kinds */
export function createFigures(table, kinds) {
  const cells = ROWS.map(() => kinds.map((kind) => element("td", { "data-kind": kind })));
  table.append(
    element("thead", {}, element("tr", {}, element("th", { scope: "col", "data-text": "table_what" }),
      ...kinds.map((kind) => element("th", { scope: "col", "data-text": kind })))),
    element("tbody", {}, ...ROWS.map(([key], row) => element("tr", { "data-row": key },
      element("th", { scope: "row", "data-text": `row_${key}` }), ...cells[row]))));

  /** @param {Map<Kind, Look>} looks @param {ReturnType<typeof createFormat>} format */
  return (looks, format) => {
    ROWS.forEach(([, value], row) => kinds.forEach((kind, column) => {
      const look = looks.get(kind);
      if (look) cells[row][column].textContent = value(look, format);
    }));
  };
}
