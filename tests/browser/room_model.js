/**
 * A room's server in a few lines, on a network that loses, repeats and reorders, and the page's own modules as its client.
 * Plays a schedule, heals everything, and answers with what was shown and what is true. (schedule) => transcript
 */
async ({ reduce, initialState }, { steps, size, quota }) => {
  const { wanted, question } = await import("/js/core/sync.js");
  const { createSession } = await import("/js/session.js");
  const { timeline } = await import("/js/core/timeline.js");

  let now = 1_000;
  const place = { name: "Ada", room: "r" };
  const disk = new Map();
  const session = createSession(() => ({
    getItem: (key) => disk.get(key) ?? null,
    setItem: (key, text) => { if (key.includes("log.") && text.length > quota) throw new Error("full"); disk.set(key, text); },
    removeItem: (key) => disk.delete(key),
  }));

  // The server: numbers are `taken` and open, then stored or void. What is below the floor has expired.
  const log = [null];
  let floor = 1;
  const last = () => log.length - 1;
  const stored = () => log.filter((entry) => entry?.kind === "stored" && entry.seq >= floor);
  const byId = (id) => stored().find((entry) => entry.who === place.name && entry.id === id);
  const take = (who, content, id) => {
    log.push({ kind: "open", seq: log.length, who, content, id, at: now });
    return log.at(-1);
  };
  const settleOld = (from, to, age) => {
    for (const entry of log.slice(Math.max(from, 1), to + 1)) if (entry.kind === "open" && now - entry.at >= age) entry.kind = "void";
  };
  function store(entry) {
    const known = entry.id === undefined ? undefined : byId(entry.id);
    if (known === entry) return entry;
    if (known) { entry.kind = "void"; return known; }
    if (entry.kind === "void") entry = take(entry.who, entry.content, entry.id);
    entry.kind = "stored";
    return entry;
  }
  const frameOf = ({ seq, who, content, id }) => ({
    type: "message", room_id: "r", client_id: who, content, seq, ...(id && { id }),
    timestamp: new Date(Date.UTC(2030, 0, 1) + seq * 1000).toISOString(),
  });
  const firstOpen = (from) => log.find((entry) => entry?.kind === "open" && entry.seq >= from)?.seq;

  function page({ id, after, before }) {
    const answer = (messages, from, through, more) => ({
      type: "page", messages: messages.map(frameOf), from, through, more, last_seq: last(), timestamp: "", id });
    if (before !== undefined) {
      settleOld(1, before - 1, 0);
      const found = stored().filter(({ seq }) => seq < before);
      const listed = found.slice(-size);
      return answer(listed, listed[0]?.seq ?? before, before - 1, found.length > listed.length);
    }
    settleOld(1, last(), 3_000);
    if (after !== undefined) {
      const [from, found] = [Math.max(after + 1, floor), stored().filter(({ seq }) => seq > after)];
      const listed = found.slice(0, size);
      const end = found.length > size ? listed.at(-1).seq : Math.max(last(), after);
      const hole = firstOpen(from);
      const through = Math.max(Math.min(end, (hole ?? Infinity) - 1), from - 1);
      return answer(listed, from, through, found.length > size && !(hole <= end));
    }
    const found = stored().slice(-2 * size);
    const start = found[0]?.seq ?? floor;
    const listed = found.slice(-size);
    const through = (firstOpen(start) ?? last() + 1) - 1;
    const from = Math.min(found.length > listed.length ? listed[0].seq : start, through + 1);
    const earlier = log.slice(floor, from).some(({ kind }) => kind !== "void");
    return answer(listed.filter(({ seq }) => seq >= from), from, through, earlier);
  }

  // The network: what is on its way to the page on this connection, and the trouble that the next frame of its will meet.
  let [queue, trouble] = [[], null];
  const push = (frame) => { if (state.link.status === "online") queue.push(frame); };
  const refusal = (code, id, more) => push({ type: "error", code, content: "", timestamp: "", ...(id && { id }), ...more });
  const dwell = [];

  function serve(ask) {
    const kind = trouble;
    trouble = null;
    if (kind === "lost") return;
    if (kind === "unavailable") return refusal("unavailable", ask.id);
    if (kind === "fault") return refusal("gateway_fault");
    if (kind === "evicted") return refusal("not_a_member", ask.id);
    if (kind === "limited") return refusal("rate_limited", ask.id, { retry_after_ms: 300 });
    if (ask.type === "ping") push({ type: "pong", last_seq: last(), timestamp: "" });
    if (ask.type === "presence") push({ type: "presence", users: [place.name], timestamp: "" });
    if (ask.type === "sync") push(page(ask));
    if (ask.type === "message") {
      const entry = byId(ask.id) ?? take(place.name, ask.content, ask.id);
      if (kind === "slow") { dwell.push(entry); return; }
      store(entry);
      if (kind === "deaf") return;
      if (kind === "doubt") return refusal("unavailable", ask.id);
      push(frameOf(byId(ask.id)));
    }
  }

  // The page.
  let state = reduce(initialState, { type: "entered", ...place, kept: null }, { now, luck: 0 });
  let [asks, failures] = [0, 0];
  const [composed, shown] = [[], []];
  function happened(event, luck = 0.5) {
    const before = state;
    state = reduce(state, event, { now, luck });
    if (state.outbox !== before.outbox) session.keepOutbox(state);
    for (let ask, left = 50; (ask = wanted(state, now)); asks++) {
      if (left-- === 0) throw new Error(`asks without end: ${JSON.stringify(ask)}`);
      if (ask.type === "reconnect") return reconnect();
      state = reduce(state, { type: "asked", ask }, { now, luck });
      if (ask.type !== "silence") serve(ask);
    }
    const seqs = state.log.messages.map(({ seq }) => seq);
    if (JSON.stringify(seqs) !== JSON.stringify(shown.at(-1))) shown.push(seqs);
  }
  function cut() {
    queue = [];
    if (state.link.status === "online") happened({ type: "link", status: "waiting", retryAt: 0 });
  }
  const connect = () => { if (state.link.status !== "online") happened({ type: "link", status: "online" }); };
  const reconnect = () => { cut(); connect(); };
  function reload() {
    const kept = session.recall(place);
    queue = [];
    state = reduce(initialState, { type: "entered", ...place, kept }, { now, luck: 0 });
    shown.push("reload");
  }

  const open = () => log.filter((entry) => entry?.kind === "open");
  const acts = {
    say: (who) => push(frameOf(store(take(who, `${who} ${log.length}`)))),
    take: (who) => { dwell.push(take(who, `${who} ${log.length}`)); },
    settle: (pick) => {
      if (dwell.length === 0) return;
      push(frameOf(store(dwell.splice(pick % dwell.length, 1)[0])));
    },
    abandon: (pick) => { // its number stays open until a page settles it
      if (dwell.length > 0) dwell.splice(pick % dwell.length, 1);
    },
    compose: () => {
      const id = `id ${composed.length}`;
      composed.push(id);
      happened({ type: "composed", id, content: id, at: 0 });
    },
    deliver: (pick) => { if (queue.length > 0) happened(queue.splice(pick % queue.length, 1)[0], (pick % 10) / 10); },
    repeat: (pick) => { if (queue.length > 0) happened(queue[pick % queue.length]); },
    lose: (pick) => { if (queue.length > 0) queue.splice(pick % queue.length, 1); },
    wait: (ms) => { now += ms; happened({ type: "nothing" }); },
    trouble: (kind) => { trouble = kind; },
    cut, connect, reload,
    away: ([said, expired]) => { // longer than messages are kept, perhaps
      acts.cut();
      for (let count = 0; count < said; count++) acts.say("Bo");
      acts.expire(expired);
      acts.connect();
    },
    save: () => session.keepLog(state),
    earlier: () => happened({ type: "earlier" }),
    expire: (count) => {
      const unseen = log.find((entry) => entry?.who === place.name && state.outbox.has(entry.id))?.seq ?? Infinity;
      floor = Math.max(floor, Math.min(floor + count, last() + 1, firstOpen(1) ?? Infinity, unseen));
    },
    poll: (pick) => push(page({ after: pick % (last() + 1) })), // by a transport that asks by itself, wherever it is
    roll: () => { // a second socket: what it asks first is answered, then the first one is closed
      if (state.link.status !== "online") return;
      const welcome = page(question(state.log, false));
      queue = queue.filter(({ type }) => type === "message"); // those were told on the second one as well
      state = reduce(state, { type: "relieved", transport: "websocket" }, { now, luck: 0.5 });
      happened(welcome);
    },
  };
  for (const [act, argument] of steps) acts[act](argument);

  // All is well from here on.
  trouble = null;
  while (dwell.length > 0) acts.settle(0);
  connect();
  const drain = () => { for (let left = 1_000; queue.length > 0 && left-- > 0;) acts.deliver(0); };
  for (let round = 0; round < 60; round++) {
    drain();
    for (const { id, error } of state.outbox.values()) if (error) { failures++; happened({ type: "retried", id }); }
    if (state.log.earlier) acts.earlier();
    acts.wait(9_000);
  }
  drain();
  asks = 0;
  for (let round = 0; round < 20; round++) { drain(); acts.wait(30_000); }
  return {
    shown, composed, failures, floor, idle_asks: asks,
    truth: log.slice(1).map(({ kind, seq, content }) => ({ kind, seq, content })),
    contents: state.log.messages.map(({ content }) => content),
    rows: timeline(state).filter(({ kind }) => kind === "message" || kind === "gap").map(({ kind, key }) => [kind, key]),
    gaps: state.log.gaps, first: state.log.first, cursor: state.log.cursor, earlier: state.log.earlier,
    outbox: [...state.outbox.values()], held: state.log.held.length, status: state.link.status,
  };
}
