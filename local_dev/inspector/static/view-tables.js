/** The rows of a table, as they are now: what changed since the last look lights up. */

import { brief, count, line } from "./format.js";
import { h, memo } from "./h.js";
import { value } from "./view-timeline.js";

const COLUMNS = 10;

export function tablesView({ here, table, start, rows, open }) {
  if (!here.tables.length) return h("div", { class: "none" }, h("p", {}, "The template has no tables."));
  return h("div", { class: "page" },
    h("div", { class: "tools" },
      h("select", { "aria-label": "Table", value: table, on: { change: { type: "pick" } } }, here.tables.map(({ id }) => h("option", { key: id, value: id }, id))),
      h("span", { class: "soft grow" }, here.tables.find(({ id }) => id === table)?.name ?? ""),
      start && h("button", { type: "button", on: { click: { type: "start", start: "" } } }, "First rows"),
      rows?.next && h("button", { type: "button", on: { click: { type: "start", start: rows.next } } }, "Next rows")),
    body(rows, open));
}

function body(rows, open) {
  if (!rows) return h("p", { key: "wait", class: "soft" }, "Reading…");
  if (rows.error) return h("p", { key: "error", class: "outcome bad", role: "alert" }, rows.error);
  if (!rows.rows.length) return h("div", { key: "none", class: "none" }, h("p", {}, "The table is empty."));
  const others = new Set(rows.rows.flatMap(({ values }) => Object.keys(values)));
  const columns = [...new Set([...rows.keys, ...others])];
  const shown = columns.slice(0, COLUMNS);
  return h("div", { key: "rows", class: "scroll tall", tabindex: "0", "aria-label": "Rows" },
    h("table", { class: "rows" },
      h("thead", {}, h("tr", {}, shown.map((name) => h("th", { key: name, scope: "col", class: rows.keys.includes(name) ? "key" : null }, h("bdi", {}, line(name, 60)))),
        columns.length > shown.length && h("th", { key: " more", scope: "col" }, `${columns.length - shown.length} more`))),
      h("tbody", {}, rows.rows.map((row) => memo(`${row.id} ${row.version}`, rowView, row, shown.join("\n"), columns.length > shown.length, open.has(`row ${row.id}`), open.has(`row ${row.id} all`))))),
    h("p", { class: "soft" }, count(rows.rows.length, "row"), rows.next ? ", and more" : ""));
}

function rowView({ id, values, fresh }, names, more, isOpen, whole) {
  const shown = names.split("\n");
  const key = `row ${id}`;
  return h("tr", { class: fresh ? "fresh" : null, "aria-expanded": String(isOpen), tabindex: "0", on: { click: { type: "open", id: key }, keydown: { type: "open-key", id: key } } },
    isOpen ? h("td", { key: "open", colspan: String(shown.length + (more ? 1 : 0)) }, value(values, key, new Set(whole ? [`${key} all`] : [])))
      : [shown.map((name) => cell(name, values[name])), more && h("td", { key: " more", class: "soft" }, "…")]);
}

function cell(name, held) {
  if (held === undefined) return h("td", { key: name, class: "soft" }, "");
  return h("td", { key: name, class: typeof held === "number" ? "number" : null }, h("bdi", { class: typeof held === "string" ? null : "json-word" }, brief(held, 120)));
}
