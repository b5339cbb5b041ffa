/** What happened, in order: each exchange a row with what it caused below it. Used for one connection as well. */

import { matches } from "./exchanges.js";
import { brief, clock, count, duration, iso, laidOut, line, parts, visible } from "./format.js";
import { h, memo } from "./h.js";

const KIND_NAMES = { lifecycle: "Connecting, leaving", received: "Frames in", requested: "HTTP requests", sent: "Frames out", invoked: "Invocations", failed: "Failures", log: "Log lines" };
const MARKS = { connect: "+", frame: "→", sent: "←", disconnect: "×", request: "⇄", source: "⇢", log: "¶", notice: "i", fault: "!", gap: "…" };
const SPOKEN = { connect: "Connection", frame: "Frame in", sent: "Frame out", disconnect: "Disconnected", request: "HTTP request", source: "Event", log: "Log", notice: "Notice", fault: "Fault", gap: "Gap" };
const LINES = 3; // of a log, before it is opened
const POSTS = 8; // frames out, before they are opened
const START = 4000; // characters of a value, before it is opened whole

export function timelineView({ timeline, filter, open, follow, held, here }) {
  const shown = [...timeline.exchanges.values()].filter((exchange) => matches(exchange, filter));
  const filtered = filter.text || filter.connection || filter.kind || filter.fn;
  return [
    h("div", { key: "tools", class: "tools", role: "search" },
      h("input", { type: "search", class: "grow", "aria-label": "Search", placeholder: "Search", value: filter.text, dir: "auto", on: { input: { type: "filter", name: "text" } } }),
      choice("kind", "Any kind", "Kind", filter, Object.entries(KIND_NAMES)),
      choice("fn", "Any function", "Function", filter, here.functions.map(({ label }) => [label, label])),
      choice("connection", "Any connection", "Connection", filter, connectionsIn(here, filter.connection)),
      h("button", { type: "button", "aria-pressed": String(held !== null), on: { click: { type: "pause" } } }, held ? `Go on (${held.length})` : "Pause"),
      h("button", { type: "button", on: { click: { type: "clear" } } }, "Clear")),
    shown.length ? exchangeList(shown, { open, follow, label: "What happened" }) : h("div", { key: "none", class: "none" },
      filtered ? [h("p", {}, "Nothing of that kind among ", count(timeline.exchanges.size, "exchange"), "."), h("button", { type: "button", on: { click: { type: "unfilter" } } }, "Show everything")]
        : [h("p", { class: "big" }, "Nothing has happened yet."), here.apis.map(({ key }) => h("p", { class: "soft" }, "Connect a client to ", h("code", {}, `${location.origin.replace("http", "ws")}/${key}`))),
          here.http_apis.map(({ key }) => h("p", { class: "soft" }, "Send requests to ", h("code", {}, `${location.origin}/${key}`)))]),
    follow ? null : h("button", { key: "jump", class: "jump", type: "button", on: { click: { type: "follow", value: true } } }, "To the newest ↓"),
  ];
}

/** A list of exchanges. `open` has the ids of what is opened in them. */
export function exchangeList(exchanges, { open, follow, label }) {
  return h("ol", { key: "list", class: "exchanges", stick: follow, tabindex: "0", "aria-label": label },
    exchanges.map((exchange) => memo(exchange.id, exchangeRow, exchange, opened(exchange, open))));
}

/** What is opened of an exchange, as one text, so that a row is made again only when that is something else. */
function opened({ id, steps }, open) {
  if (!open.size) return "";
  const names = [`${id}`, `${id} posts`, ...steps.flatMap((step, index) => [`${id} ${index}`, `${id} ${index} result`])];
  return names.flatMap((name) => [name, `${name} all`]).filter((name) => open.has(name)).join("\n");
}

function exchangeRow(exchange, opened) {
  const open = new Set(opened.split("\n"));
  const { id, at, kind, connection, text, outcome, bad, route, fn, cut } = exchange;
  const isOpen = open.has(String(id));
  const openable = typeof text === "string" && text !== "" && (kind === "frame" || kind === "sent" || text.length > 60);
  const content = [
    h("span", { class: "mark", "aria-hidden": "true" }, MARKS[kind]),
    h("span", { class: "visually-hidden" }, SPOKEN[kind]),
    connection && h("span", { class: "who", title: connection }, connection),
    fn && h("code", { class: "fn" }, fn),
    outcome && h("span", { class: bad ? "bad" : "said" }, outcome),
    kind === "gap" ? h("span", { class: "soft" }, `${count(text, "entry", "entries")} happened that are no longer kept`)
      : h("bdi", { class: "text" }, line(text ?? "")),
    route && h("code", { class: "route", title: "The route that was selected" }, route),
  ];
  return h("li", { class: `exchange ${kind}${bad ? " is-bad" : ""}` },
    h("time", { datetime: iso(at), title: iso(at) }, clock(at)),
    openable ? toggle("head", id, isOpen, content) : h("div", { class: "head" }, content),
    isOpen ? h("div", { class: "opened" }, value(text, `${id}`, open, cut)) : null,
    stepRows(exchange, open));
}

function stepRows({ id, steps }, open) {
  if (!steps.length) return null;
  const all = open.has(`${id} posts`);
  let posts = 0;
  const rows = steps.map((step, index) => {
    if (step.type === "run") return runRow(step, `${id} ${index}`, open);
    posts += 1;
    return all || posts <= POSTS ? postRow(step, `${id} ${index}`, open) : null;
  });
  const more = posts > POSTS && h("li", { key: "more" }, h("button", { type: "button", class: "link", on: { click: { type: "open", id: `${id} posts` } } }, all ? "Fewer frames" : `${count(posts - POSTS, "more frame")} out`));
  return h("ul", { class: "steps" }, rows, more);
}

/** An invocation: a line with the function, the time it took and how it ended, then its log. */
export function runRow(run, id, open, before = null) {
  const isOpen = open.has(id);
  return h("li", { key: id, class: `step run ${run.state}` },
    toggle("head", id, isOpen, [
      before,
      h("span", { class: "mark", "aria-hidden": "true" }, "λ"),
      before === null && h("code", { class: "fn" }, run.fn),
      run.cold && h("span", { class: "cold", title: "The worker had to be started first" }, "cold"),
      h("span", { class: "text" }, ending(run)),
      run.ms !== undefined && h("span", { class: "ms" }, duration(run.ms)),
    ]),
    isOpen ? h("div", { class: "opened" },
      h("h3", {}, "Event"), value(run.event, id, open, run.cut),
      run.state === "returned" && [h("h3", {}, "Result"), value(run.result, `${id} result`, open, run.resultCut)],
      run.state === "failed" && [h("h3", {}, "Error"), h("pre", { class: "bad", dir: "auto" }, visible(`${run.errorType}: ${run.error}`))],
      h("h3", {}, "Log"), run.logs.length ? h("pre", { class: "log", dir: "auto" }, visible(run.logs.join("\n"))) : h("p", { class: "small soft" }, "It printed nothing."),
      h("p", { class: "small soft" }, "Request ", h("code", {}, run.request))) : logLines(run, id));
}

function ending(run) {
  if (run.state === "running") return h("span", { class: "soft" }, "running…");
  if (run.state === "failed") return [h("span", { class: "bad" }, run.errorType || "failed"), " ", h("bdi", {}, line(run.error ?? ""))];
  const status = run.result?.statusCode;
  if (status === undefined) return h("bdi", { class: "soft" }, brief(run.result ?? null, 120));
  return [h("span", { class: Number(status) < 300 ? "good" : "bad" }, String(status)), " ", h("bdi", { class: "soft" }, brief(run.result.body ?? "", 120))];
}

function logLines({ logs }, id) {
  if (!logs.length) return null;
  return h("div", { class: "lines" },
    logs.slice(0, LINES).map((each) => h("p", { dir: "auto" }, line(each, 400))),
    logs.length > LINES && h("button", { type: "button", class: "link", on: { click: { type: "open", id } } }, count(logs.length - LINES, "more line")));
}

function postRow(step, id, open) {
  const isOpen = open.has(id);
  return h("li", { key: id, class: "step post" },
    toggle("head", id, isOpen, [
      h("span", { class: "mark", "aria-hidden": "true" }, "←"),
      h("span", { class: "visually-hidden" }, "Frame out"),
      h("span", { class: "who", title: step.connection }, step.connection),
      h("bdi", { class: "text" }, line(step.text)),
    ]),
    isOpen ? h("div", { class: "opened" }, value(step.text, id, open, step.cut)) : null);
}

export function toggle(kind, id, isOpen, content) {
  return h("button", { type: "button", class: kind, "aria-expanded": String(isOpen), on: { click: { type: "open", id: String(id) } } }, content);
}

/** A value over several lines; a long one is shown whole only when asked for. */
export function value(held, id, open, cut = false) {
  const text = laidOut(held ?? null);
  const whole = open.has(`${id} all`);
  const isJson = typeof held !== "string" || /^[[{]/.test(text);
  const shown = whole ? text : text.slice(0, START);
  return [
    h("pre", { dir: "auto" }, isJson && shown.length < 40_000 ? parts(shown).map(([kind, part]) => (kind ? h("span", { class: `json-${kind}` }, part) : part)) : shown),
    text.length > START && h("button", { type: "button", class: "link", on: { click: { type: "open", id: `${id} all` } } }, whole ? "Show less" : `Show all ${count(text.length, "character")}`),
    cut && h("p", { class: "small soft" }, "It was longer: the rest is not kept."),
  ];
}

function choice(name, any, label, filter, options) {
  return h("select", { "aria-label": label, value: filter[name], on: { change: { type: "filter", name } } },
    h("option", { value: "" }, any),
    options.map(([value, text]) => h("option", { key: `=${value}`, value }, text)));
}

function connectionsIn({ apis }, chosen) {
  const ids = new Set(apis.flatMap(({ connections }) => connections.map(({ id }) => id)));
  if (chosen) ids.add(chosen);
  return [...ids].map((id) => [id, id]);
}

