/** The rows of the log that are elements, each made once and kept for as long as it is shown. */
import { countWhile } from "../core/span.js";
import { arrange } from "./dom.js";
import { drawRow } from "./row.js";

/** @import { Actions, Drawn, Row, Speaker } from "../types.js" */

/** @param {HTMLElement} list what holds them @param {Actions} actions */
export function createRows(list, actions) {
  /** By key, in order. @type {Map<string, {row: Row} & Drawn>} */
  let drawn = new Map();
  /** The rows of messages among them. @type {({row: Row} & Drawn)[]} */
  let messages = [];

  return {
    /** @param {Row[]} rows @param {Speaker} speak @param {boolean} anew no element can be kept */
    show(rows, speak, anew) {
      const before = drawn;
      const made = (/** @type {Row} */ row) => ({ row, ...drawRow(row, speak, actions) });
      drawn = new Map(rows.map((row) => [row.key, (!anew && kept(before.get(row.key), row)) || made(row)]));
      messages = [...drawn.values()].filter(({ row }) => row.kind === "message");
      arrange(list, [...drawn.values()].map(({ node }) => node));
    },
    /** @param {string} key */
    node: (key) => drawn.get(key)?.node,
    /** The first message of those that are not so; all that are so come before it. @param {(node: HTMLElement) => boolean} isSo */
    firstNot: (isSo) => messages[countWhile(messages, ({ node }) => isSo(node))],
    /** The last message of those that are so; all of them come before all others. @param {(node: HTMLElement) => boolean} isSo */
    lastSo: (isSo) => messages[countWhile(messages, ({ node }) => isSo(node)) - 1],
    /** Time has passed. */
    tick: () => drawn.forEach((each) => each.tick?.()),
    clear() {
      [drawn, messages] = [new Map(), []];
      list.replaceChildren();
    },
  };
}

/** What was drawn, if it is of that row. @param {({row: Row} & Drawn) | undefined} drawn @param {Row} row */
function kept(drawn, row) {
  if (drawn === undefined) return undefined;
  // A sender's id may come twice; then which one has the plain key depends on what is shown.
  if (row.kind === "message" && drawn.row.kind === "message" && row.content !== drawn.row.content) return undefined;
  drawn.update?.(row);
  drawn.row = row;
  return drawn;
}
