/** One row of the log as an element, which is kept: what changes about the row is changed in it. */
import { avatar, bdi, button, element, icon, nodes } from "./dom.js";

/** @import { Actions, DayRow, Drawn, GapRow, LineRow, MessageRow, Row, Speaker } from "../types.js" */

/** @param {Row} row @param {Speaker} speak @param {Actions} actions @param {string} room @returns {Drawn} */
export const drawRow = (row, speak, actions, room) =>
  (row.kind === "message" ? drawMessage(row, speak, actions) : drawLine(row, speak, room));

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

  function update(/** @type {any} */ now) {
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
