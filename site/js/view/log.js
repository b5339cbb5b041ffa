/** The log on the page: one element a row, made once and kept, since a redrawn row would be read out again. */
import { avatar, bdi, button, element, icon, nodes } from "./dom.js";

/** @import { Actions, DayRow, GapRow, LineRow, MessageRow, Row, Speaker } from "../types.js" */
/** @typedef {{node: HTMLElement, update: (row: any) => void}} Drawn */

const NEAR_END = 80;
const HUSH = 300;
/** The key of a stored message. */
const isAnchor = /^(own|seq) /;

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

  /** A whole log that appears at once, as on entry, is not read out; nor are earlier messages. */
  function hush() {
    scroller.ariaLive = "off";
    setTimeout(() => { scroller.ariaLive = "polite"; }, HUSH);
  }

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
    const first = [...known.keys()].find((key) => isAnchor.test(key));
    if (known.size === 0 || (first && rows.find(({ key }) => isAnchor.test(key))?.key !== first)) hush();
    if (scroller.scrollTop !== lastTop) look(); // the event of that comes only with the next frame
    const settle = atEnd ? toEnd : anchored();
    drawn = new Map(rows.map((row) => {
      const kept = known.get(row.key);
      kept?.update(row);
      if (kept) return [row.key, kept];
      return [row.key, row.kind === "message" ? drawMessage(row, speak, actions) : drawLine(row, speak, room)];
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

/** @param {LineRow | DayRow | GapRow} row @param {Speaker} speak @param {string} room @returns {Drawn} */
function drawLine(row, speak, room) {
  const node = element("li", { class: row.kind }, element("span", {}, ...nodes(textOf(row, speak, room))));
  if (row.kind === "line") node.append(" ", time(row.at, speak));
  return { node, update: () => {} };
}

/** @param {LineRow | DayRow | GapRow} row @param {Speaker} speak @param {string} room */
function textOf(row, speak, room) {
  if (row.kind === "day") return [speak.day(row.at, Date.now())];
  return row.kind === "gap" ? speak.parts("gap", { count: row.count }) : speak.systemLine(row.line, room);
}

/** @param {number} at @param {Speaker} speak */
function time(at, speak) {
  const datetime = Number.isNaN(at) ? "" : new Date(at).toISOString();
  return element("time", { datetime }, speak.time(at));
}

/** @param {MessageRow} row @param {Speaker} speak @param {Actions} actions @returns {Drawn} */
function drawMessage(row, speak, actions) {
  const sender = element("p", { class: "sender" }, row.mine ? speak.plain("you") : bdi(row.sender));
  const content = element("p", { class: "content", dir: "auto" }, row.content);
  const bubble = element("div", { class: "bubble" }, content);
  const when = element("div", { class: "when" });
  const said = element("div", { class: "said" }, bubble, when);
  const progress = element("div", { class: "progress" });
  const body = element("div", { class: "body" }, sender, said, progress);
  const node = element("li", {}, avatar(row.sender), body);
  /** @type {Partial<MessageRow>} */
  let before = {};

  function update(/** @type {MessageRow} */ now) {
    node.className = `message ${now.first ? "first" : ""} ${now.mine ? "mine" : ""}`;
    node.dataset.progress = now.progress;
    sender.classList.toggle("visually-hidden", !now.first);
    if (before.at !== now.at || before.progress !== now.progress) {
      when.replaceChildren(time(now.at, speak), ...(now.progress === "stored" ? [storedMark(speak)] : []));
    }
    if (before.progress !== now.progress || before.error !== now.error) {
      progress.replaceChildren(...progressOf(now, speak, actions));
    }
    before = now;
  }

  update(row);
  return { node, update };
}

/** @param {Speaker} speak */
function storedMark(speak) {
  const mark = element("span", { class: "mark", title: speak.plain("stored") }, icon("stored"));
  mark.append(element("span", { class: "visually-hidden" }, speak.plain("stored")));
  return mark;
}

/** @param {MessageRow} row @param {Speaker} speak @param {Actions} actions @returns {Node[]} */
function progressOf({ id, progress, error }, speak, actions) {
  if (progress === "" || progress === "stored") return [];
  const text = element("p", {}, speak.plain(progress));
  if (!error) return [text];
  text.append(". ", speak.error(error.code, error.content));
  return [
    text,
    button("small", speak.plain("retry"), () => actions.retry(id)),
    button("small quiet", speak.plain("discard"), () => actions.discard(id)),
  ];
}
