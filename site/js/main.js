/** Wires the page: events change the state, the state is shown, the connection does what it calls for. */
import { createSpeaker, loadLanguage, pickLanguage } from "./i18n.js";
import { createMemory } from "./memory.js";
import { checkName } from "./names.js";
import { frames, parseFrame, socketUrl } from "./protocol.js";
import { Connection } from "./socket.js";
import { initialState, nextToSend, reduce } from "./state.js";
import { createView } from "./view.js";

/** @import { Event, LinkChange } from "./types.js" */

/** The gateway gives up on a message after 29 s and says so: after more silence than that, nobody will answer. */
const ACK_WITHIN = 35_000;

const memory = createMemory(() => localStorage);
let state = initialState;
let speak = await speakerOf(pickLanguage(memory.recall("language"), navigator.languages));
/** @type {Connection | null} */
let connection = null;
let [ticking, ackTimer] = [0, 0];

const view = createView({
  enter,
  leave,
  send(content) {
    dispatch({ type: "composed", id: newId(), content, at: Date.now() });
    flush();
  },
  retry(id) {
    dispatch({ type: "retried", id });
    flush();
  },
  discard: (id) => dispatch({ type: "discarded", id }),
  dismiss: (code) => dispatch({ type: "dismissed", code }),
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
function dispatch(event) {
  state = reduce(state, event);
  view.render(state, speak);
}

/** @param {string} nameText @param {string} roomText */
function enter(nameText, roomText) {
  const [name, room] = [checkName("client", nameText), checkName("room", roomText)];
  if (name.value === undefined || room.value === undefined) {
    dispatch({ type: "refused", problems: { name: name.code, room: room.code } });
    view.focusProblem();
    return;
  }
  memory.keep("name", name.value);
  memory.keep("room", room.value);
  view.fill({ name: name.value, room: room.value });
  history.replaceState(null, "", `#${encodeURIComponent(room.value)}`);
  dispatch({ type: "entered", name: name.value, room: room.value });
  connection = new Connection(socketUrl(location, room.value, name.value), {
    onLink: linkChanged,
    onFrame: received,
    heartbeat: frames.ping,
  });
  connection.open();
}

function leave() {
  clearInterval(ticking);
  connection?.close();
  connection = null;
  dispatch({ type: "left" });
}

/** @param {LinkChange} change */
function linkChanged(change) {
  dispatch({ type: "link", ...change });
  clearInterval(ticking);
  if (change.retryAt !== undefined) ticking = window.setInterval(() => view.render(state, speak), 1000); // the count-down
  if (change.status === "online") sync();
}

/** @param {string} data */
function received(data) {
  const event = parseFrame(data);
  if (event === null) return;
  const wasSyncing = state.syncing;
  dispatch(event);
  if (event.type === "page") {
    if (state.syncing) return sync();
    connection?.settled();
  }
  if (event.type === "pong" && event.last_seq !== state.cursor && !wasSyncing) sync();
  // Without its answer to `sync` this connection is of no use; a new one asks again, later and later.
  const syncFailed = wasSyncing && event.type === "error" && event.id === undefined;
  if (syncFailed || (event.type === "error" && event.code === "not_a_member")) return connection?.reconnect();
  flush();
}

/** Ask for what is missing; the answer, a page, decides whether to ask again. */
function sync() {
  dispatch({ type: "sync_began" });
  connection?.send(frames.sync(state.cursor));
}

function flush() {
  const next = nextToSend(state);
  if (next === undefined || !connection?.send(frames.message(next.content, next.id))) return;
  clearTimeout(ackTimer);
  ackTimer = window.setTimeout(() => {
    if (state.outbox.get(next.id)?.sent) connection?.reconnect();
  }, ACK_WITHIN);
  dispatch({ type: "sent", id: next.id });
}

/** `randomUUID` needs a secure context, which a laptop's plain address, tried from a phone, is not. */
const newId = () => crypto.randomUUID?.() ?? crypto.getRandomValues(new Uint32Array(4)).join("-");

function roomOfAddress() {
  try {
    return decodeURIComponent(location.hash.slice(1));
  } catch {
    return ""; // not percent-encoded text
  }
}

for (const change of ["online", "offline"]) addEventListener(change, () => connection?.networkChanged());
addEventListener("hashchange", () => {
  const room = roomOfAddress();
  if (state.view === "room" && room !== state.room) leave();
  view.fill({ room });
});

view.fill({ name: memory.recall("name"), room: roomOfAddress() || memory.recall("room") });
view.render(state, speak);
