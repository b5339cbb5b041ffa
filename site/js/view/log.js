/** The log on the page: one element a row, made once and kept, since a redrawn row would be read out again. */
import { drawRow } from "./row.js";

/** @import { Actions, Drawn, Row, Speaker } from "../types.js" */

const NEAR_END = 80;

/** @param {HTMLElement} scroller @param {HTMLElement} list @param {Actions} actions */
export function createLog(scroller, list, actions) {
  /** @type {Map<string, Drawn>} */
  let drawn = new Map();
  /** @type {Speaker | null} */
  let spoken = null;
  let [atEnd, lastTop] = [true, 0];

  function look() {
    lastTop = scroller.scrollTop;
    atEnd = scroller.scrollHeight - lastTop - scroller.clientHeight < NEAR_END;
  }
  function toEnd() {
    scroller.scrollTop = scroller.scrollHeight;
    lastTop = scroller.scrollTop;
  }
  scroller.addEventListener("scroll", look);
  // A growing composer or a phone's keyboard takes room away: whoever was reading the end still is.
  new ResizeObserver(() => { if (atEnd) toEnd(); }).observe(scroller);

  /** Puts the message that is now at the top back to where it is now. */
  function anchored() {
    const isInSight = (/** @type {HTMLElement} */ row) => row.offsetTop + row.offsetHeight > scroller.scrollTop;
    const anchor = [...drawn.values()].map(({ node }) => node).find((row) => row.matches(".message") && isInSight(row));
    const was = anchor?.offsetTop ?? 0;
    return () => { if (anchor?.isConnected) scroller.scrollTop += anchor.offsetTop - was; };
  }

  /** @param {Row[]} rows @param {Speaker} speak @param {string} room */
  return function show(rows, speak, room) {
    const known = spoken === speak ? drawn : new Map();
    spoken = speak;
    if (scroller.scrollTop !== lastTop) look(); // the event of that comes only with the next frame
    const settle = atEnd ? toEnd : anchored();
    drawn = new Map(rows.map((row) => {
      const kept = known.get(row.key);
      kept?.update(row);
      return [row.key, kept ?? drawRow(row, speak, actions, room)];
    }));
    arrange(list, [...drawn.values()].map(({ node }) => node));
    const last = rows.at(-1);
    const justWritten = last?.kind === "message" && last.progress !== "" && !known.has(last.key);
    if (justWritten) toEnd();
    else settle();
  };
}

/** @param {HTMLElement} list @param {Element[]} wanted */
function arrange(list, wanted) {
  const staying = new Set(wanted);
  for (const child of [...list.children]) if (!staying.has(child)) child.remove();
  wanted.forEach((node, index) => {
    if (list.children[index] !== node) list.insertBefore(node, list.children[index] ?? null);
  });
}
