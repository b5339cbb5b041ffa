/** The log on the page: where in it one is, what is shown of it, and what is seen. */
import { around, bounded, shifted, whole } from "../core/span.js";
import { timeline } from "../core/timeline.js";
import { html, setText } from "./dom.js";
import { createRows } from "./rows.js";

/** @import { Actions, Speaker, State } from "../types.js" */

const NEAR_END = 80;
/** So many screens before somebody comes to the end of the rows, there are more. */
const AHEAD = 1;
const REFRESH_EVERY = 20_000;

/** @param {Actions} actions */
export function createLog(actions) {
  const [scroller, list, earlier, jump] = ["log", "rows", "earlier", "jump"].map(html);
  const count = /** @type {HTMLElement} */ (jump.querySelector(".count"));
  const rows = createRows(list, actions);
  /** Null where one is in no room. @type {State | null} */
  let state = null;
  /** @type {Speaker} */
  let speak;
  let [span, atEnd, lastTop] = [whole, true, 0];
  /** What is read. @type {{key: string, bottom: number} | null} */
  let place = null;
  /** What was last told of what is in sight; and whether that waits until somebody who comes back sees where the new begins. */
  let [told, returning] = ["", false];

  /** @param {State} next @param {Speaker} speaker */
  function show(next, speaker) {
    const wrote = state !== null && [...next.outbox.keys()].some((id) => !state?.outbox.has(id));
    if (next.log.cursor === null) [span, atEnd] = [whole, true];
    else if (scroller.scrollTop !== lastTop) scrolled(); // the event of that comes only with the next frame
    const anew = speak !== speaker;
    [state, speak] = [next, speaker];
    if (wrote) [span, atEnd] = [whole, true];
    draw(state, anew);
    report();
  }

  /** @param {State} now @param {boolean} anew no element can be kept */
  function draw(now, anew = false) {
    const { messages } = now.log;
    const isGone = span.to < messages[0]?.seq; // what is read was let go: on from the beginning of what is known
    span = bounded(messages, isGone ? whole : span, atEnd);
    const focused = list.contains(document.activeElement);
    rows.show(timeline(now, span), speak, anew);
    earlier.hidden = !now.log.earlier || span.from > 0;
    if (isGone) scroller.scrollTop = 0;
    settle();
    if (focused && !list.contains(document.activeElement)) scroller.focus({ preventScroll: true });
    showJump(now);
  }

  function showJump(/** @type {State} */ { reading: { unread } }) {
    jump.hidden = atEnd;
    if (atEnd) return;
    setText(count, unread > 0 ? speak.number(unread) : "");
    jump.ariaLabel = speak.plain(unread > 0 ? "latest_new" : "latest", { count: unread });
  }

  /** @param {number} near so many pixels from it still count */
  const isAtEnd = (near = NEAR_END) =>
    span.to === Infinity && scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < near;

  const bottomOf = (/** @type {HTMLElement} */ node) => node.getBoundingClientRect().bottom - scroller.getBoundingClientRect().top;

  /** Remembers what is read: the message at the top, by its lower end, as its sender's name may come or go. */
  function mark() {
    lastTop = scroller.scrollTop;
    place = null;
    if (atEnd) return;
    const first = rows.firstNot((node) => node.offsetTop + node.offsetHeight <= lastTop);
    if (first) place = { key: first.row.key, bottom: bottomOf(first.node) };
  }

  /** Puts it back to where it was: not every browser does that by itself. */
  function settle() {
    if (atEnd) scroller.scrollTop = scroller.scrollHeight;
    const node = place && !atEnd && rows.node(place.key);
    if (place && node) scroller.scrollTop += bottomOf(node) - place.bottom;
    mark();
  }

  function scrolled() {
    const moved = scroller.scrollTop - lastTop;
    atEnd = isAtEnd(moved < 0 ? 2 : NEAR_END); // whoever goes up, however slowly, is not brought back
    mark();
    if (state === null) return;
    const ahead = AHEAD * scroller.clientHeight;
    const below = moved > 0;
    const isNear = (below ? scroller.scrollHeight - lastTop - scroller.clientHeight : lastTop) < ahead;
    if (moved !== 0 && isNear && (below ? span.to < Infinity : span.from > 0)) {
      span = shifted(state.log.messages, span, below);
      draw(state);
    } else if (moved < 0 && isNear && !atEnd && state.log.earlier) actions.earlier(); // at the end, it only became shorter
    showJump(state);
    report();
  }

  function lastInSight() {
    const bottom = scroller.scrollTop + scroller.clientHeight;
    const row = rows.lastSo((node) => node.offsetTop + Math.min(node.offsetHeight, NEAR_END / 2) <= bottom)?.row;
    return row?.kind === "message" ? row.seq ?? 0 : 0;
  }

  /** What has been seen, and whether what comes next will be. */
  function report() {
    if (state === null) return;
    if (document.hidden && state.reading.following) actions.hid();
    if (document.hidden || returning) return;
    const seq = atEnd ? 0 : lastInSight();
    const now = atEnd ? "all" : `${seq}`;
    if (now !== told) actions.looked(seq, atEnd);
    told = now;
  }

  function follow() {
    if (state === null) return;
    [span, atEnd] = [whole, true];
    draw(state);
    report();
  }

  /** Whoever comes back sees where the new messages begin. */
  function comeBack() {
    returning = false;
    if (state === null) return;
    rows.tick();
    const { unread, divider } = state.reading;
    const isInSight = () => Number(rows.node(`unread ${divider}`)?.offsetTop) >= scroller.scrollTop;
    if (unread > 0 && divider !== null && atEnd && !isInSight()) {
      [span, atEnd] = [around(state.log.messages, divider), false];
      draw(state);
      scroller.scrollTop = rows.node(`unread ${divider}`)?.offsetTop ?? 0;
      atEnd = isAtEnd();
      mark();
    }
    report();
  }

  scroller.addEventListener("scroll", scrolled);
  // A growing composer or a phone's keyboard takes room away, a phone that is turned changes everything.
  new ResizeObserver(settle).observe(scroller);
  earlier.addEventListener("click", actions.earlier);
  jump.addEventListener("click", () => {
    follow();
    scroller.focus({ preventScroll: true });
  });
  setInterval(() => { if (!document.hidden) rows.tick(); }, REFRESH_EVERY);
  document.addEventListener("visibilitychange", () => {
    [told, returning] = ["", true];
    if (document.hidden) report();
    else requestAnimationFrame(comeBack); // after what has come meanwhile is drawn
  });

  return {
    show,
    /** In another room, the same number is another message. */
    clear() {
      [state, place, span, atEnd, told] = [null, null, whole, true, ""];
      rows.clear();
    },
  };
}
