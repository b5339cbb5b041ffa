/** The page: the state, what changes it, and what its changes bring about. */

import * as dom from "./dom.js";
import * as gateway from "./gateway.js";
import { initial, reduce, tabsOf } from "./state.js";
import { view } from "./view.js";

const LOOK_AGAIN = 5000; // milliseconds after which tables are read again though nothing is known to have happened
const GATHER = 80; // milliseconds for which entries are collected, so that a burst is drawn a few times only
const REST = 4; // times as long as a read took is waited before the next: the functions need the tables more

let state = initial(dom.anchor());
let leave = null;
let described = null;
let arrived = [];
let arrival = null;
let looking = null;
let read = { timer: null, due: 0, busy: false };

function dispatch(action) {
  const before = state;
  state = reduce(state, action);
  if (state.tab !== before.tab) dom.anchor(state.tab);
  if (state.tab === "tables" && (state.tab !== before.tab || state.table !== before.table || state.start !== before.start)) readSoon(0);
  if (state.tab === "faults" && (state.tab !== before.tab || state.run !== before.run)) lookAtFaults(0);
  dom.draw(() => view(state));
}

/** What a person did: some of it is more than a change of the state. */
function act(action, { value, key, command, whole, prevent }) {
  switch (action.type) {
    case "filter":
    case "draft":
    case "plan":
      return dispatch({ value, ...action });
    case "pick":
      return dispatch({ type: "table", id: value });
    case "tab-key":
      return moveTab(key);
    case "submit-key":
      if (key === "Enter" && command) { prevent(); send(); }
      return undefined;
    case "open":
      // A click that ends the marking of a text is none.
      return whole ? dispatch(action) : undefined;
    case "open-key":
      return key === "Enter" || key === " " ? (prevent(), dispatch({ ...action, type: "open" })) : undefined;
    case "send":
      return send();
    case "put-faults":
      return putFaults();
    case "cut":
      return perform(gateway.cut, "Cut.");
    default:
      return dispatch(action);
  }
}

function moveTab(key) {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[key];
  const tabs = tabsOf(state);
  const at = tabs.indexOf(state.tab);
  const to = { Home: 0, End: tabs.length - 1 }[key] ?? (step ? (at + step + tabs.length) % tabs.length : at);
  if (to === at) return;
  dispatch({ type: "tab", tab: tabs[to] });
  dom.focus(`tab-${tabs[to]}`);
}

function send() {
  return perform((key, id) => gateway.post(key, id, state.draft), "Sent.", { draft: "" });
}

async function perform(request, done, also = {}) {
  const { key, id } = state.connection;
  const finish = (outcome) => state.connection?.id === id && dispatch({ type: "outcome", ...outcome });
  try {
    await request(key, id);
    finish({ text: done, ...also });
  } catch (error) {
    finish({ text: error.message, bad: true });
  }
  describeSoon();
}

async function describe() {
  described = null;
  try {
    const here = await gateway.state();
    const other = here.run !== state.run;
    take();
    dispatch({ type: "here", here, now: Date.now() / 1000 });
    if (other && leave) { leave(); leave = followJournal(); }
  } catch {
    dispatch({ type: "status", status: "lost", now: Date.now() / 1000 });
    describeSoon(2000);
  }
}

function describeSoon(wait = 150) {
  described ??= setTimeout(describe, wait);
}

function followJournal() {
  let lost = false;
  return gateway.follow(() => {
    take();
    const last = state.held?.at(-1)?.number ?? state.timeline.last;
    return `${state.run ?? ""}-${last}`;
  }, {
    entries(entries) {
      arrived.push(...entries);
      arrival ??= setTimeout(take, GATHER);
      if (entries.some(({ kind }) => kind === "connected" || kind === "disconnected" || kind === "notice")) describeSoon();
      readSoon(300);
      if (state.tab === "faults") lookAtFaults(300);
    },
    gap: (missed) => { take(); dispatch({ type: "gap", missed, now: Date.now() / 1000 }); },
    status(status) {
      dispatch({ type: "status", status, now: Date.now() / 1000 });
      if (status === "live" && lost) describeSoon(0); // it may be another run
      lost = status === "lost";
    },
  });
}

function take() {
  const entries = arrived;
  arrived = [];
  arrival = null;
  dispatch({ type: "entries", entries });
}

/** Read the rows of the table that is shown, in `wait` milliseconds or when the last read has been rested from. */
function readSoon(wait) {
  if (state.tab !== "tables" || !state.table || !leave || read.busy) return;
  clearTimeout(read.timer);
  read.timer = setTimeout(readRows, Math.max(wait, read.due - performance.now()));
}

async function readRows() {
  const { table, start } = state;
  const began = performance.now();
  read.busy = true;
  try {
    dispatch({ type: "rows", table, start, page: await gateway.rows(table, start) });
  } catch (error) {
    dispatch({ type: "rows", table, start, error: error.message });
  }
  const ended = performance.now();
  read = { timer: null, due: ended + REST * (ended - began), busy: false };
  readSoon(table === state.table && start === state.start ? LOOK_AGAIN : 0);
}

/** Read the rules and their counts, in `wait` milliseconds. */
function lookAtFaults(wait) {
  looking ??= setTimeout(async () => {
    looking = null;
    if (!state.here.faults) return;
    try {
      dispatch({ type: "faults", report: await gateway.faults() });
    } catch {
      describeSoon(); // what is wrong is seen there
    }
  }, wait);
}

async function putFaults() {
  try {
    dispatch({ type: "planned", report: await gateway.putFaults(state.plan), text: "Applied." });
  } catch (error) {
    dispatch({ type: "planned", text: error.message, bad: true });
  }
}

/** A page that nobody sees follows nothing; what happened meanwhile is in the journal. */
async function seen(visible) {
  if (visible && !leave) {
    await describe();
    leave ??= followJournal();
    readSoon(0);
  } else if (!visible) {
    leave?.();
    leave = null;
    clearTimeout(read.timer);
  }
}

dom.start(act);
dom.draw(() => view(state));
seen(dom.onVisibility(seen));
setInterval(() => leave && state.tab === "connections" && dispatch({ type: "tick", now: Date.now() / 1000 }), 5000);
