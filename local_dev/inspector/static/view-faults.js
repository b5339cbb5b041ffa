/** What goes wrong on purpose: the rules with how often each has fired, and all of them as JSON to be edited. */

import { count } from "./format.js";
import { h } from "./h.js";

const COUNTS = new Set(["matched", "injected"]);
const SAID = new Set(["at", "do", "chance", "skip", "times", ...COUNTS]);
const EXAMPLE = '{"at": "post", "do": "answer", "status": 429, "chance": 0.1}';

/** What can be edited of a report { seed, faults: [{ …rule, matched, injected }], total }, as JSON. */
export function planOf({ seed, faults }) {
  const rules = faults.map((rule) => Object.fromEntries(Object.entries(rule).filter(([name]) => !COUNTS.has(name))));
  return JSON.stringify({ seed, faults: rules }, null, 2);
}

export function faultsView({ faults, plan, planOutcome }) {
  if (!faults) return h("p", { class: "page soft" }, "Reading…");
  const text = plan ?? planOf(faults);
  return h("div", { class: "page" },
    h("section", { key: "rules" },
      h("h2", {}, "Rules"),
      faults.faults.length ? h("div", { class: "scroll" }, h("table", {},
        h("thead", {}, h("tr", {}, ["At", "Do", "Details", "How often", "Matched", "Injected"].map((name) => h("th", { scope: "col" }, name)))),
        h("tbody", {}, faults.faults.map((rule, index) => h("tr", { key: index },
          h("th", { scope: "row" }, h("code", {}, rule.at)),
          h("td", {}, h("code", {}, rule.do)),
          h("td", {}, h("bdi", {}, details(rule))),
          h("td", {}, often(rule)),
          h("td", { class: "number" }, rule.matched.toLocaleString("en")),
          h("td", { class: rule.injected ? "number bad" : "number" }, rule.injected.toLocaleString("en"))))))) : h("p", { class: "soft" }, "Nothing goes wrong. A rule is, for instance, ", h("code", {}, EXAMPLE), "."),
      h("p", { class: "soft" }, `${count(faults.total, "fault")} so far, seed ${faults.seed}`)),
    h("form", { key: "plan", class: "plan", on: { submit: { type: "put-faults" } } },
      h("label", { for: "plan" }, "All of it"),
      h("textarea", { id: "plan", rows: String(Math.min(24, Math.max(6, text.split("\n").length))), spellcheck: "false", dir: "ltr", value: text, on: { input: { type: "plan" } } }),
      h("div", { class: "acts" },
        h("button", { type: "submit", class: "primary", disabled: plan === null }, "Apply"),
        h("button", { type: "button", disabled: plan === null, on: { click: { type: "plan", value: null } } }, "Undo"),
        planOutcome && h("p", { class: planOutcome.bad ? "outcome bad" : "outcome", role: "status" }, planOutcome.text))));
}

function details(rule) {
  return Object.entries(rule).filter(([name]) => !SAID.has(name)).map(([name, value]) => `${name}: ${value}`).join(", ");
}

function often({ chance, skip, times }) {
  const words = [chance < 1 ? `${Number((chance * 100).toFixed(3))} in 100` : "each"];
  if (skip) words.push(`after ${skip}`);
  if (times !== undefined) words.push(`at most ${times}`);
  return words.join(", ");
}
