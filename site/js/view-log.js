/** The log on the page: one element a row, made once and kept, since a redrawn row would be read out again. */
import { avatar, bdi, button, element, nodes } from "./dom.js";

/** @import { Actions, DayRow, LineRow, MessageRow, Row, Speaker } from "./types.js" */
/** @typedef {{node: HTMLElement, update: (row: any) => void}} Drawn */

const NEAR_END = 80;
const HUSH = 300;

/** @param {HTMLElement} scroller @param {HTMLElement} list @param {Actions} actions */
export function createLog(scroller, list, actions) {
  /** @type {Map<string, Drawn>} */
  let drawn = new Map();
  /** @type {Speaker | null} */
  let spoken = null;
  let atEnd = true;

  const toEnd = () => { scroller.scrollTop = scroller.scrollHeight; };
  scroller.addEventListener("scroll", () => {
    atEnd = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < NEAR_END;
  });
  // A growing composer or a phone's keyboard takes room away: whoever was reading the end still is.
  new ResizeObserver(() => { if (atEnd) toEnd(); }).observe(scroller);

  /** A whole log that appears at once, as on entry, is not read out. */
  function hush() {
    scroller.ariaLive = "off";
    setTimeout(() => { scroller.ariaLive = "polite"; }, HUSH);
  }

  /** @param {Row[]} rows @param {Speaker} speak @param {string} room */
  return function show(rows, speak, room) {
    const known = spoken === speak ? drawn : new Map();
    spoken = speak;
    if (known.size === 0) hush();
    drawn = new Map(rows.map((row) => {
      const kept = known.get(row.key);
      kept?.update(row);
      if (kept) return [row.key, kept];
      return [row.key, row.kind === "message" ? drawMessage(row, speak, actions) : drawLine(row, speak, room)];
    }));
    arrange(list, [...drawn.values()].map(({ node }) => node));
    const last = rows.at(-1);
    const justWritten = last?.kind === "message" && last.progress !== "" && !known.has(last.key);
    if (atEnd || justWritten) toEnd();
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

/** @param {LineRow | DayRow} row @param {Speaker} speak @param {string} room @returns {Drawn} */
function drawLine(row, speak, room) {
  const text = row.kind === "day" ? [speak.day(row.at, Date.now())] : nodes(speak.systemLine(row.content, room));
  const node = element("li", { class: row.kind }, element("span", {}, ...text));
  if (row.kind === "line") node.append(" ", time(row.at, speak));
  return { node, update: () => {} };
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
  const said = element("div", { class: "said" }, bubble);
  const progress = element("div", { class: "progress" });
  const body = element("div", { class: "body" }, sender, said, progress);
  const node = element("li", {}, avatar(row.sender), body);
  /** @type {Partial<MessageRow>} */
  let before = {};

  function update(/** @type {MessageRow} */ now) {
    node.className = `message ${now.first ? "first" : ""} ${now.mine ? "mine" : ""}`;
    node.dataset.progress = now.progress;
    sender.classList.toggle("visually-hidden", !now.first);
    if (before.at !== now.at) said.replaceChildren(bubble, time(now.at, speak));
    if (before.progress !== now.progress || before.error !== now.error) {
      progress.replaceChildren(...progressOf(now, speak, actions));
    }
    before = now;
  }

  update(row);
  return { node, update };
}

/** @param {MessageRow} row @param {Speaker} speak @param {Actions} actions @returns {Node[]} */
function progressOf({ id, progress, error }, speak, actions) {
  if (progress === "") return [];
  const text = element("p", {}, speak.plain(progress));
  if (!error) return [text];
  text.append(". ", speak.error(error.code, error.content));
  return [
    text,
    button("small", speak.plain("retry"), () => actions.retry(id)),
    button("small quiet", speak.plain("discard"), () => actions.discard(id)),
  ];
}
