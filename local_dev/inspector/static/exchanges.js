/**
 * Entries of the journal, put together to exchanges: what came in, the invocations it caused, what they printed and
 * sent. Pure: `fold(timeline, entries, labels)` gives another timeline and leaves the one it got as it is.
 *
 * An exchange: { id, at, kind, connection?, text?, cut?, outcome?, bad?, steps }. Kinds: connect, frame, sent,
 * disconnect, request (to an HTTP API), source (an event that no client caused), log, notice, fault (what was made to go
 * wrong), gap.
 * A step: { type: "run", request, fn, at, cold, event, state, result?, error?, errorType?, ms?, logs } where state is
 * "running", "returned" or "failed"; or { type: "sent", at, connection, text, cut }.
 *
 * An event names its connection, and a message's event its text, so which frame caused an invocation is known. A log
 * line or a post names no invocation: it is put under one only where there is no other that it could belong to.
 */

export const CAP = 2000;
const KIND_OF_EVENT = new Map([["CONNECT", "connect"], ["DISCONNECT", "disconnect"]]);
const LATE_LOG = 1; // seconds: what a handler printed last may be read after its result
const WAITING = 50; // frames of one connection that may still get an invocation
const GATEWAY_ERROR = /^\{"message": "([^"]*)", "connectionId":"[^"]*", "requestId":"[^"]*"\}$/;

/** A timeline without entries after `last`. */
export function empty(last = 0) {
  return { last, weight: 0, exchanges: new Map(), running: new Map(), ended: new Map(), waiting: new Map(), begun: new Map(), latest: new Map() };
}

/** The timeline with the entries in it; `labels` are functions' labels by name. */
export function fold(timeline, entries, labels = new Map()) {
  const next = { ...timeline };
  for (const name of ["exchanges", "running", "ended", "waiting", "begun", "latest"]) next[name] = new Map(timeline[name]);
  for (const entry of entries) {
    if (entry.number <= next.last) continue;
    next.last = entry.number;
    const fact = entry.facts;
    const fn = labels.get(fact.function) ?? fact.function;
    (FOLDS.get(entry.kind) ?? other)(next, { ...entry, fn }, fact);
  }
  trim(next);
  return next;
}

/** The timeline with a note of how many entries are lost. */
export function withGap(timeline, missed, at) {
  const next = { ...timeline, exchanges: new Map(timeline.exchanges) };
  add(next, { number: `gap-${timeline.last}-${missed}`, time: at }, "gap", { text: missed });
  return next;
}

/** Every invocation of the timeline with its exchange, oldest first. */
export function runs(timeline) {
  const found = [];
  for (const exchange of timeline.exchanges.values()) {
    for (const step of exchange.steps) if (step.type === "run") found.push({ exchange, run: step });
  }
  return found;
}

/** Whether the exchange is one of that connection, or something was sent to it. */
export function concerns(exchange, connection) {
  return exchange.connection === connection || exchange.steps.some((step) => step.connection === connection);
}

/** Whether the exchange passes the filter { text, connection, kind, fn }, in which "" stands for any. */
export function matches(exchange, filter) {
  if (filter.connection && !concerns(exchange, filter.connection)) return false;
  if (filter.fn && exchange.fn !== filter.fn && !exchange.steps.some((step) => step.fn === filter.fn)) return false;
  if (filter.kind && !KINDS[filter.kind](exchange)) return false;
  return !filter.text || haystack(exchange).includes(filter.text.toLowerCase());
}

export const KINDS = {
  lifecycle: ({ kind }) => kind === "connect" || kind === "disconnect",
  received: ({ kind }) => kind === "frame",
  requested: ({ kind }) => kind === "request",
  sent: ({ kind, steps }) => kind === "sent" || steps.some((step) => step.type === "sent"),
  invoked: ({ steps }) => steps.some((step) => step.type === "run"),
  failed: ({ bad, steps }) => bad || steps.some((step) => step.state === "failed"),
  log: ({ kind, steps }) => kind === "log" || steps.some((step) => step.logs?.length),
};

const haystacks = new WeakMap();

function haystack(exchange) {
  if (!haystacks.has(exchange)) {
    const words = [exchange.connection, exchange.text, exchange.outcome, exchange.fn, exchange.route];
    for (const step of exchange.steps) {
      words.push(step.fn, step.request, step.connection, step.text, step.error, step.errorType, ...(step.logs ?? []));
      if (step.result !== undefined) words.push(JSON.stringify(step.result));
    }
    haystacks.set(exchange, words.join("\n").toLowerCase());
  }
  return haystacks.get(exchange);
}

const FOLDS = new Map(Object.entries({
  connected(timeline, entry, fact) {
    const id = timeline.begun.get(fact.connection) ?? add(timeline, entry, "connect", { connection: fact.connection });
    change(timeline, id, { outcome: "connected", api: fact.api, text: fact.source });
  },
  refused(timeline, entry, fact) {
    const id = timeline.begun.get(fact.connection) ?? add(timeline, entry, "connect", { connection: fact.connection });
    change(timeline, id, { outcome: `refused ${fact.status}`, bad: true, api: fact.api, text: fact.source });
    timeline.begun.delete(fact.connection);
  },
  received(timeline, entry, fact) {
    const id = add(timeline, entry, "frame", { connection: fact.connection, text: fact.text });
    timeline.waiting.set(fact.connection, [...(timeline.waiting.get(fact.connection) ?? []), id].slice(-WAITING));
    timeline.latest.set(fact.connection, id);
  },
  sent(timeline, entry, fact) {
    const step = { type: "sent", at: entry.time, connection: fact.connection, text: fact.text, cut: entry.cut };
    const id = causeOf(timeline, fact);
    if (id === undefined) add(timeline, entry, "sent", { connection: fact.connection, text: fact.text });
    else extend(timeline, id, step);
  },
  disconnected(timeline, entry, fact) {
    const outcome = `disconnected ${fact.code}`;
    const id = add(timeline, entry, "disconnect", { connection: fact.connection, outcome, text: fact.reason });
    timeline.begun.set(fact.connection, id);
    timeline.waiting.delete(fact.connection);
    timeline.latest.delete(fact.connection);
  },
  requested(timeline, entry, fact) {
    const text = `${fact.method} ${fact.path}`;
    const id = add(timeline, entry, "request", { text, api: fact.api, route: fact.route ?? undefined, request: fact.request });
    timeline.begun.set(fact.request, id);
  },
  answered(timeline, entry, fact) {
    const id = timeline.begun.get(fact.request);
    if (id === undefined) return;
    change(timeline, id, { outcome: `${fact.status} in ${fact.duration_ms} ms`, bad: fact.status >= 400 });
    timeline.begun.delete(fact.request);
  },
  invoked(timeline, entry, fact) {
    const step = {
      type: "run", request: fact.request, fn: entry.fn, at: entry.time, cold: Boolean(fact.cold),
      event: fact.event, cut: entry.cut, state: "running", logs: [],
    };
    const id = triggerOf(timeline, entry, fact.event);
    extend(timeline, id, step);
    timeline.running.set(fact.request, id);
  },
  returned(timeline, entry, fact) {
    finish(timeline, entry, { state: "returned", result: fact.result, ms: fact.duration_ms, resultCut: entry.cut });
  },
  failed(timeline, entry, fact) {
    const error = { errorType: fact.error_type, error: fact.error, ms: fact.duration_ms };
    finish(timeline, entry, { state: "failed", ...error });
  },
  log(timeline, entry, fact) {
    const found = runOf(timeline, entry, fact.request);
    if (!found) {
      add(timeline, entry, "log", { fn: entry.fn, text: fact.line });
      return;
    }
    changeRun(timeline, found.id, found.request, (run) => ({ logs: [...run.logs, fact.line] }));
    timeline.weight += 1;
  },
  fault(timeline, entry, { at, do: what, rule: _, function: __, connection, ...rest }) {
    const about = Object.entries(rest).map(([name, value]) => `${name} ${value}`);
    add(timeline, entry, "fault", { connection, fn: entry.fn, bad: true, outcome: `${what} at ${at}`, text: about.join(", ") });
  },
  notice(timeline, entry, fact) {
    add(timeline, entry, "notice", { text: fact.text });
  },
}));

function other(timeline, entry, fact) {
  add(timeline, entry, "notice", { text: `${entry.kind} ${JSON.stringify(fact)}` });
}

function add(timeline, entry, kind, facts) {
  timeline.exchanges.set(entry.number, { id: entry.number, at: entry.time, kind, cut: entry.cut, steps: [], ...facts });
  timeline.weight += 1;
  return entry.number;
}

function change(timeline, id, facts) {
  const exchange = timeline.exchanges.get(id);
  if (exchange) timeline.exchanges.set(id, { ...exchange, ...facts });
}

function extend(timeline, id, step) {
  const exchange = timeline.exchanges.get(id);
  if (!exchange) return;
  timeline.exchanges.set(id, { ...exchange, steps: [...exchange.steps, step] });
  timeline.weight += 1;
}

function changeRun(timeline, id, request, changes) {
  const exchange = timeline.exchanges.get(id);
  if (!exchange) return;
  const steps = exchange.steps.map((step) => (step.request === request ? { ...step, ...changes(step) } : step));
  timeline.exchanges.set(id, { ...exchange, steps });
}

function finish(timeline, entry, facts) {
  const { request } = entry.facts;
  const id = timeline.running.get(request) ?? add(timeline, entry, "source", { text: "not begun" });
  if (!timeline.running.delete(request)) {
    extend(timeline, id, { type: "run", request, fn: entry.fn, at: entry.time, cold: false, event: null, logs: [] });
  }
  changeRun(timeline, id, request, () => facts);
  timeline.ended.set(entry.fn, { id, request, at: entry.time });
}

/** The exchange that an invocation belongs to, by what its event says; a new one where there is none yet. */
function triggerOf(timeline, entry, event) {
  const context = event?.requestContext;
  const connection = typeof context?.connectionId === "string" ? context.connectionId : undefined;
  const asked = timeline.begun.get(context?.requestId);
  if (asked !== undefined) return asked;
  if (Array.isArray(event?.Records)) return add(timeline, entry, "source", { text: recordsIn(event.Records) });
  if (context?.eventType === "MESSAGE" || (connection === undefined && event !== null && typeof event === "object")) {
    const id = claim(timeline, connection, context, event);
    if (id !== undefined) return id;
  }
  if (connection === undefined) return add(timeline, entry, "source", { text: "invoked" });
  const kind = KIND_OF_EVENT.get(context.eventType) ?? "source";
  const begun = timeline.begun.get(connection);
  if (kind !== "source" && timeline.exchanges.get(begun)?.kind === kind) return begun;
  const id = add(timeline, entry, kind, { connection, text: kind === "source" ? String(event.body ?? "") : "" });
  if (kind !== "source") timeline.begun.set(connection, id);
  return id;
}

/** The first frame that waits for an invocation and has this event's text; without proxy the text is the event. */
function claim(timeline, connection, context, event) {
  for (const [owner, ids] of connection === undefined ? timeline.waiting : [[connection, timeline.waiting.get(connection) ?? []]]) {
    const id = ids.find((each) => isTextOf(timeline.exchanges.get(each), context ? event.body : event));
    if (id === undefined) continue;
    timeline.waiting.set(owner, ids.filter((each) => each !== id));
    change(timeline, id, { route: context?.routeKey && String(context.routeKey) });
    return id;
  }
  return undefined;
}

function isTextOf(exchange, body) {
  if (!exchange) return false;
  if (typeof body === "string") {
    return exchange.text === body || (exchange.cut && (exchange.text.startsWith(body) || body.startsWith(exchange.text)));
  }
  try {
    return JSON.stringify(JSON.parse(exchange.text)) === JSON.stringify(body);
  } catch {
    return false;
  }
}

/** The exchange in which a frame was sent: what the gateway says itself, a route's response, or a lone invocation's post. */
function causeOf(timeline, { connection, text }) {
  const error = GATEWAY_ERROR.exec(text);
  if (error) return failureOf(timeline, connection, error[1]);
  const latest = timeline.exchanges.get(timeline.latest.get(connection));
  const run = latest?.steps.findLast((step) => step.type === "run");
  if (run?.state === "returned" && run.result?.body === text) return latest.id;
  const ids = new Set(timeline.running.values());
  return ids.size === 1 ? [...ids][0] : undefined;
}

/** The newest frame of the connection to which the gateway's error can be the answer, and that has none yet. */
function failureOf(timeline, connection, message) {
  const wanted = { "Internal server error": "failed", "Endpoint request timed out": "running" }[message];
  const fits = ({ kind, steps, ...exchange }) => kind === "frame" && exchange.connection === connection
    && steps.findLast((step) => step.type === "run")?.state === wanted && !steps.some((step) => GATEWAY_ERROR.test(step.text));
  return [...timeline.exchanges.values()].findLast(fits)?.id;
}

function runOf(timeline, entry, request) {
  if (request !== undefined && timeline.running.has(request)) return { id: timeline.running.get(request), request };
  const going = [];
  for (const [each, id] of timeline.running) {
    const run = timeline.exchanges.get(id)?.steps.find((step) => step.request === each);
    if (run?.fn === entry.fn) going.push({ id, request: each });
  }
  if (going.length) return going.length === 1 ? going[0] : undefined;
  const ended = timeline.ended.get(entry.fn);
  return ended && entry.time - ended.at < LATE_LOG ? ended : undefined;
}

function recordsIn(records) {
  const source = String(records[0]?.eventSource ?? "").replace("aws:", "");
  const names = [...new Set(records.map((record) => record?.eventName).filter(Boolean))].join(", ");
  const from = String(records[0]?.eventSourceARN ?? "").match(/table\/([^/]+)|([^:]+)$/);
  return `${records.length} × ${source}${from ? ` ${from[1] ?? from[2]}` : ""}${names ? `: ${names}` : ""}`;
}

function trim(timeline) {
  for (const [id, exchange] of timeline.exchanges) {
    if (timeline.weight <= CAP) return;
    timeline.exchanges.delete(id);
    for (const index of [timeline.begun, timeline.latest]) {
      for (const key of [exchange.connection, exchange.request]) if (index.get(key) === id) index.delete(key);
    }
    timeline.weight -= 1 + exchange.steps.length + exchange.steps.reduce((sum, step) => sum + (step.logs?.length ?? 0), 0);
  }
}
