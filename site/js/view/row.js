/** One row of the log as an element, which is kept: what changes about the row is changed in it. */
import { rowOf } from "./actions.js";
import { drawContent } from "./content.js";
import { arrange, avatar, bdi, button, element, icon, nodes, paint, setText } from "./dom.js";

/** @import { Actions, CrowdRow, DayRow, Drawn, GapRow, LineRow, MessageRow, Part, Row, Speaker, UnreadRow } from "../types.js" */

/** @param {Row} row @param {Speaker} speak @param {Actions} actions @returns {Drawn} */
export function drawRow(row, speak, actions) {
  switch (row.kind) {
    case "message": return drawMessage(row, speak, actions);
    case "crowd": return drawCrowd(row, speak);
    case "day": return drawDay(row, speak);
    default: return drawLine(row, speak);
  }
}

/** @param {DayRow} row @param {Speaker} speak @returns {Drawn} */
function drawDay({ at }, speak) {
  const told = () => speak.day(at, Date.now());
  const text = element("span", {}, told());
  return { node: element("li", { class: "day" }, text), tick: () => setText(text, told()) };
}

/** @param {LineRow | GapRow | UnreadRow} row @param {Speaker} speak @returns {Drawn} */
function drawLine(row, speak) {
  const node = element("li", { class: row.kind }, element("span", {}, ...nodes(partsOf(row, speak))));
  if (row.kind !== "line") return { node };
  const { time, tick } = drawTime(row.at, speak);
  node.append(" ", time);
  return { node, tick };
}

/** @param {LineRow | GapRow | UnreadRow} row @param {Speaker} speak @returns {Part[]} */
function partsOf(row, speak) {
  if (row.kind !== "line") return speak.parts(row.kind, row.kind === "gap" ? { count: row.count } : {});
  return speak.line(row);
}

/** Many lines as one, which can be opened. @param {CrowdRow} row @param {Speaker} speak @returns {Drawn} */
function drawCrowd(row, speak) {
  const text = element("span", {});
  const list = element("ul", {});
  const node = element("li", { class: "line" }, element("details", {}, element("summary", {}, text), list));
  /** @type {Map<string, Drawn>} */
  let drawn = new Map();
  function update(/** @type {any} */ { lines, told }) {
    if (lines.length === drawn.size && drawn.has(lines.at(-1).key)) return;
    text.replaceChildren(...nodes(speak.summary(told)));
    drawn = new Map(lines.map((/** @type {LineRow} */ line) => [line.key, drawn.get(line.key) ?? drawLine(line, speak)]));
    arrange(list, [...drawn.values()].map(({ node }) => node));
  }
  update(row);
  return { node, update, tick: () => drawn.forEach(({ tick }) => tick?.()) };
}

/** @param {number} at @param {Speaker} speak */
function drawTime(at, speak) {
  const told = () => speak.ago(at, Date.now());
  const datetime = Number.isNaN(at) ? "" : new Date(at).toISOString();
  const time = element("time", { datetime, title: speak.exact(at) }, told());
  return { time, tick: () => setText(time, told()) };
}

/** @param {MessageRow} row @param {Speaker} speak @param {Actions} actions @returns {Drawn} */
function drawMessage(row, speak, actions) {
  const sender = element("p", { class: "sender" }, row.mine ? speak.plain("you") : bdi(row.sender));
  const content = element("div", { class: "content" }, ...drawContent(row.content));
  const when = element("div", { class: "when" });
  const said = element("div", { class: "said" }, element("div", { class: "bubble" }, content, when));
  const progress = element("div", { class: "progress" });
  const node = element("li", {}, avatar(row.sender), element("div", { class: "body" }, sender, said, progress));
  paint(node, row.sender);
  rowOf.set(node, row);
  /** @type {Partial<MessageRow>} */
  let before = {};
  let tick = () => {};

  function update(/** @type {any} */ now) {
    if (before.first !== now.first || before.last !== now.last) {
      node.className = ["message", now.first && "first", now.last && "last", now.mine && "mine"].filter(Boolean).join(" ");
      sender.classList.toggle("visually-hidden", !now.first);
    }
    if (before.at !== now.at || before.progress !== now.progress) {
      const { time, tick: ticked } = drawTime(now.at, speak);
      when.replaceChildren(time, ...(now.progress === "stored" ? [storedMark(speak)] : []));
      tick = ticked;
    }
    if (before.progress !== now.progress || before.error !== now.error) {
      node.dataset.progress = now.progress;
      progress.replaceChildren(...progressOf(now, speak, actions));
    }
    before = now;
  }

  update(row);
  return { node, update, tick: () => tick() };
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
