/** The state of the page and every change of it. Pure: `reduce(state, action)` gives the next state. */

import { empty, fold, withGap } from "./exchanges.js";

export const TABS = ["timeline", "connections", "functions", "tables", "faults", "stack"];
const NO_FILTER = { text: "", connection: "", kind: "", fn: "" };
const HELD = 2000; // entries that wait while the page is paused

export function initial(tab) {
  return {
    tab: TABS.includes(tab) ? tab : "timeline",
    status: "connecting", // live, lost
    run: null,
    here: { apis: [], http_apis: [], functions: [], tables: [], notes: [], faults: false },
    labels: new Map(),
    timeline: empty(),
    held: null, // a list while paused
    follow: true,
    filter: NO_FILTER,
    open: new Set(),
    connection: null, // { key, id } of the one that is looked at
    draft: "",
    asking: false, // whether to cut it
    outcome: null, // { text, bad } of the last thing done to it
    fn: null,
    table: null,
    start: "",
    rows: null, // { keys, rows: [{ id, fresh, values }], next } or { error }
    faults: null, // { seed, faults: [{ …rule, matched, injected }], total }
    plan: null, // the rules as a text, while somebody changes it
    planOutcome: null, // { text, bad }
    now: 0,
  };
}

const CHANGES = {
  tab: (state, { tab }) => ({ tab, asking: false }),
  status: (state, { status, now }) => ({ status, now }),
  tick: (state, { now }) => ({ now }),
  here,
  entries,
  gap: (state, { missed, now }) => (state.held ? {} : { timeline: withGap(state.timeline, missed, now) }),
  pause: (state) => (state.held ? resumed(state) : { held: [] }),
  clear: (state) => ({ timeline: empty(state.timeline.last), held: state.held && [], open: new Set(), follow: true }),
  follow: (state, { value }) => ({ follow: value }),
  filter: (state, { name, value }) => ({ filter: { ...state.filter, [name]: value }, follow: true }),
  unfilter: () => ({ filter: NO_FILTER, follow: true }),
  open: (state, { id }) => {
    const open = new Set(state.open);
    if (!open.delete(id)) open.add(id);
    return { open, follow: state.follow && !open.has(id) };
  },
  connection: (state, { key, id }) => ({ connection: id && { key, id }, draft: "", asking: false, outcome: null, tab: "connections", follow: true }),
  draft: (state, { value }) => ({ draft: value }),
  ask: (state, { asking }) => ({ asking }),
  outcome: (state, { text, bad = false, draft = state.draft }) => ({ outcome: { text, bad }, asking: false, draft }),
  fn: (state, { name }) => ({ fn: name, tab: "functions" }),
  table: (state, { id }) => ({ table: id, start: "", rows: null }),
  start: (state, { start }) => ({ start, rows: null }),
  rows,
  faults: (state, { report }) => ({ faults: report }),
  plan: (state, { value }) => ({ plan: value, planOutcome: null }),
  planned: (state, { report, text, bad = false }) => (bad ? { planOutcome: { text, bad } } : { faults: report, plan: null, planOutcome: { text } }),
};

/** The tabs there are: faults only where the gateway has them. */
export function tabsOf({ here }) {
  return TABS.filter((tab) => tab !== "faults" || here.faults);
}

export function reduce(state, action) {
  return { ...state, ...CHANGES[action.type]?.(state, action) };
}

/** What the gateway says is here. Another run of it begins its numbers anew, so nothing of the old one fits. */
function here(state, { here: { run, ...told }, now }) {
  const labels = new Map(told.functions.map(({ name, label }) => [name, label]));
  const table = told.tables.some(({ id }) => id === state.table) ? state.table : told.tables[0]?.id ?? null;
  const tab = state.tab === "faults" && !told.faults ? "timeline" : state.tab;
  const fresh = run === state.run ? {} : { run, timeline: empty(), held: state.held && [], open: new Set(), faults: null };
  return { here: told, labels, table, tab, now, ...fresh };
}

function entries(state, { entries: more }) {
  if (state.held) return { held: [...state.held, ...more].slice(-HELD) };
  return { timeline: fold(state.timeline, more, state.labels) };
}

function resumed(state) {
  const [first] = state.held;
  const missed = first ? first.number - state.timeline.last - 1 : 0;
  const timeline = missed > 0 ? withGap(state.timeline, missed, first.time) : state.timeline;
  return { held: null, timeline: fold(timeline, state.held, state.labels) };
}

/** A page of rows. A row that is new or another than before is fresh, except on the first look. */
function rows(state, { table, start, page, error }) {
  if (table !== state.table || start !== state.start) return {};
  if (error) return { rows: { error } };
  const before = state.rows?.rows && new Map(state.rows.rows.map((row) => [row.id, row]));
  const made = page.rows.map((values) => {
    const id = JSON.stringify(page.keys.map((key) => values[key]));
    const text = JSON.stringify(values);
    const old = before?.get(id);
    if (old?.text === text) return old;
    return { id, text, values, version: (old?.version ?? 0) + 1, fresh: Boolean(before) };
  });
  return { rows: { keys: page.keys, rows: made, next: page.next } };
}
