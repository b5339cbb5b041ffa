/** Wires the page: events change the state, the state is shown and kept, and what it calls for is asked and sent. */
import { Connection } from "./connection.js";
import { createSpeaker, loadLanguage, pickLanguage } from "./i18n.js";
import { createMemory } from "./memory.js";
import { checkName } from "./core/names.js";
import { frameOf, parseFrame } from "./core/protocol.js";
import { createSession } from "./session.js";
import { initialState, reduce } from "./core/state.js";
import { question, wakeAt, wanted } from "./core/sync.js";
import { claimsOf, createTickets, readFragment } from "./ticket.js";
import { kindOf, startTransport } from "./transport.js";
import { createView } from "./view/room.js";

/** @import { Event, LinkChange } from "./types.js" */

const KEEP_WITHIN = 500;

const memory = createMemory(() => localStorage);
const session = createSession(() => sessionStorage);
let state = initialState;
let speak = await speakerOf(pickLanguage(memory.recall("language"), navigator.languages));
/** @type {Connection | null} */
let connection = null;
/** @type {ReturnType<typeof createTickets> | null} */
let tickets = null;
let [ticking, waking, keeping] = [0, 0, 0];

const view = createView({
  enter,
  leave: () => leave(true),
  send: (content) => happened({ type: "composed", id: newId(), content, at: Date.now() }),
  retry: (id) => happened({ type: "retried", id }),
  discard: (id) => happened({ type: "discarded", id }),
  earlier: () => happened({ type: "earlier" }),
  dismiss: (code) => happened({ type: "dismissed", code }),
  async speakIn(code) {
    speak = await speakerOf(code).catch(() => speak); // its texts may be out of reach just now
    memory.keep("language", speak.language.code);
    view.render(state, speak);
  },
});

/** @param {string} code */
async function speakerOf(code) {
  return createSpeaker(await loadLanguage(code), navigator.languages);
}

/** @param {Event} event */
function happened(event) {
  dispatch(event);
  pursue();
  view.render(state, speak);
}

/** @param {Event} event */
function dispatch(event) {
  const before = state;
  state = reduce(state, event, { now: performance.now(), luck: Math.random() });
  if (state.view !== "room") return;
  if (state.outbox !== before.outbox) session.keepOutbox(state);
  if (state.log !== before.log && keeping === 0) keeping = window.setTimeout(keepLog, KEEP_WITHIN);
}

/** Do what the state calls for, until there is nothing left to do before some later time. */
function pursue() {
  clearTimeout(waking);
  for (let ask = wanted(state, performance.now()); ask && connection; ask = wanted(state, performance.now())) {
    if (ask.type === "reconnect") return connection.reconnect();
    if (ask.type !== "silence" && !connection.send(frameOf(ask))) return;
    dispatch({ type: "asked", ask });
  }
  const at = wakeAt(state);
  if (at < Infinity) waking = window.setTimeout(() => { pursue(); view.render(state, speak); }, at - performance.now());
}

function keepLog() {
  clearTimeout(keeping);
  keeping = 0;
  if (state.view === "room") session.keepLog(state);
}

/** @param {string} nameText @param {string} roomText */
function enter(nameText, roomText) {
  const [name, room] = [checkName("client", nameText), checkName("room", roomText)];
  if (name.value === undefined || room.value === undefined) {
    happened({ type: "refused", problems: { name: name.code, room: room.code } });
    view.focusProblem();
    return;
  }
  const place = { name: name.value, room: room.value };
  memory.keep("name", place.name);
  memory.keep("room", place.room);
  session.stay(place);
  view.fill(place);
  history.replaceState(null, "", `#${encodeURIComponent(place.room)}`);
  happened({ type: "entered", ...place, kept: session.recall(place) });
  const held = createTickets({ token: session.ticket(), url: ticketUrl, keep: session.keepTicket });
  tickets = held;
  const entry = { ...place, ticket: held.current };
  const opening = new Connection({
    dial: (kind, events) => startTransport(kind, entry, events),
    forced: kindOf(forced),
    first: kindOf(session.transport()),
    onLink: linkChanged,
    onFrame: received,
    onRelief: (transport) => {
      session.keepTransport(transport);
      dispatch({ type: "relieved", transport });
    },
    heartbeat: () => frameOf({ type: "ping" }),
    greeting: () => frameOf(question(state.log, false)),
    isWelcome: (data) => parseFrame(data).some((event) => event.type === "page"),
  });
  connection = opening;
  void held.start(place).then(() => connection === opening && opening.open());
}

/** @param {boolean} forgetting by the button; who only follows a link may come back to what still waits here */
function leave(forgetting) {
  clearInterval(ticking);
  clearTimeout(waking);
  keepLog();
  connection?.close();
  connection = null;
  tickets?.stop();
  if (forgetting) session.forget(state);
  else session.stay(null);
  happened({ type: "left" });
}

/** @param {LinkChange} change */
function linkChanged(change) {
  clearInterval(ticking);
  if (change.retryAt !== undefined) ticking = window.setInterval(() => view.render(state, speak), 1000); // the count-down
  if (change.transport) session.keepTransport(change.transport);
  happened({ type: "link", ...change, ticketExpired: tickets?.hasExpired() });
}

/** @param {string} data @param {boolean} first or of a transport that may take over: what it is refused is its own affair */
function received(data, first) {
  for (const event of parseFrame(data)) {
    if (event.type === "error" && !first) continue;
    happened(event);
    if (event.type === "page" && state.sync.current) connection?.settled();
  }
}

/** `randomUUID` needs a secure context, which a laptop's plain address, tried from a phone, is not. */
const newId = () => crypto.randomUUID?.() ?? crypto.getRandomValues(new Uint32Array(4)).join("-");

/** The room in the address. A ticket is taken out of it: an address is copied, shown and kept in the history. */
function roomOfAddress() {
  const { room, token } = readFragment(location.hash);
  if (token !== "") {
    session.keepTicket(token);
    history.replaceState(null, "", `#${encodeURIComponent(room)}`);
    fillName();
  }
  return room;
}

/** The name on the ticket, which alone it lets in; without one the name that was used last. */
function fillName() {
  const { sub } = claimsOf(session.ticket());
  view.fill({ name: typeof sub === "string" ? sub : memory.recall("name") });
}

for (const change of ["online", "offline"]) addEventListener(change, () => connection?.networkChanged());
for (const look of ["focus", "pageshow"]) addEventListener(look, () => connection?.looked());
document.addEventListener("visibilitychange", () => (document.hidden ? keepLog() : connection?.looked()));
addEventListener("pagehide", () => {
  keepLog();
  connection?.pause();
});
addEventListener("hashchange", () => {
  const room = roomOfAddress();
  if (state.view === "room" && room !== state.room) leave(false);
  view.fill({ room });
});

/** `?transport=polling` tries that one, and no other. */
const forced = new URLSearchParams(location.search).get("transport");
const ticketUrl = document.querySelector("meta[name=parley-tickets]")?.getAttribute("content") ?? "";
const here = session.here();
fillName();
view.fill({ room: roomOfAddress() || memory.recall("room") });
if (here !== null && here.room === roomOfAddress()) enter(here.name, here.room);
else view.render(state, speak);
