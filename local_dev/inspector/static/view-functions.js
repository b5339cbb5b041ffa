/** The functions, and the last invocations of one of them. */

import { runs } from "./exchanges.js";
import { clock, count, duration, iso } from "./format.js";
import { h, memo } from "./h.js";
import { runRow } from "./view-timeline.js";

const SHOWN = 200; // invocations of one function

export function functionsView({ here, fn, timeline, open }) {
  const byFunction = new Map(here.functions.map(({ label }) => [label, []]));
  for (const found of runs(timeline)) {
    if (!byFunction.has(found.run.fn)) byFunction.set(found.run.fn, []);
    byFunction.get(found.run.fn).push(found);
  }
  const chosen = byFunction.get(fn) ?? [];
  return h("div", { class: `split${fn ? " chosen" : ""}` },
    h("nav", { class: "side", "aria-label": "Functions" }, h("ul", {}, [...byFunction].map(([name, found]) => entry(name, found, name === fn)))),
    fn ? h("section", { key: fn, class: "detail", "aria-label": "Invocations" },
      h("header", { class: "title" },
        h("button", { type: "button", class: "link narrow-only", on: { click: { type: "fn", name: null } } }, "← All"),
        h("h2", {}, h("code", {}, fn)), summary(chosen)),
      chosen.length ? h("ol", { class: "exchanges" }, chosen.slice(-SHOWN).reverse().map(({ exchange, run }) => memo(run.request, invocation, exchange, run, open)))
        : h("p", { class: "soft" }, "It has not been invoked yet."))
      : h("div", { class: "none wide-only" }, h("p", {}, "Choose a function to see its last invocations: event, result, log.")));
}

function entry(name, found, chosen) {
  const failed = found.filter(({ run }) => run.state === "failed").length;
  const last = found.at(-1)?.run;
  return h("li", { key: name }, h("button", { type: "button", class: "pick", "aria-current": chosen ? "true" : null, on: { click: { type: "fn", name } } },
    h("code", {}, name),
    h("span", { class: "soft" }, found.length ? `${found.length} × · last ${last.state === "running" ? "running…" : duration(last.ms)}` : "not invoked yet"),
    failed > 0 && h("span", { class: "bad" }, `${failed} failed`)));
}

function summary(found) {
  const times = found.map(({ run }) => run.ms).filter((ms) => ms !== undefined).sort((a, b) => a - b);
  if (!times.length) return null;
  const at = (part) => duration(times[Math.min(times.length - 1, Math.floor(times.length * part))]);
  const cold = found.filter(({ run }) => run.cold).length;
  return h("p", { class: "soft" }, `${count(found.length, "invocation")}, ${cold} cold · median ${at(0.5)}, 95% within ${at(0.95)}`);
}

function invocation(exchange, run, open) {
  const id = `fn ${run.request}`;
  const cause = exchange.route ?? { connect: "$connect", disconnect: "$disconnect" }[exchange.kind] ?? exchange.text;
  return h("li", { class: `exchange ${run.state === "failed" ? "is-bad" : ""}` },
    h("time", { datetime: iso(run.at), title: iso(run.at) }, clock(run.at)),
    h("ul", { class: "steps flat" }, runRow(run, id, open, h("code", { class: "route" }, cause))));
}
