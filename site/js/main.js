/** The first stage: the reader's language and the entry screen. The second, `room.js`, is loaded while nobody waits for it. */
import { checkName } from "./core/names.js";
import { createSpeaker, loadLanguage, pickLanguage } from "./i18n.js";
import { createMemory } from "./memory.js";
import { createTab } from "./tab.js";
import { claimsOf, readFragment } from "./ticket.js";
import { loadStyle, translatePage } from "./view/dom.js";
import { createEntry } from "./view/entry.js";
import { createMenu } from "./view/menu.js";

/** @import { Place, Speaker, Told } from "./types.js" */
/** @typedef {ReturnType<typeof import("./room.js").createRoom>} Room */

const memory = createMemory(() => localStorage);
const tab = createTab(() => sessionStorage);
/** @type {Speaker} */
let speak;
/** The language that was chosen last: what comes late of another changes nothing. */
let chosen = "";
/** What the entry screen says. @type {Told} */
let told = {};
/** There was no network to open this page with. */
let isKept = false;
/** @type {Promise<Room> | null} */
let loading = null;
/** The one that one is in. @type {Room | null} */
let room = null;
/** Who is quicker than the network waits for it. */
const ready = speakerOf(pickLanguage(memory.recall("language"), navigator.languages));
const entry = createEntry({ enter, speakIn });
createMenu(memory);
speak = await ready;

/** @param {string} code */
async function speakerOf(code) {
  return createSpeaker(await loadLanguage(code), navigator.languages);
}

/** @param {string} code */
async function speakIn(code) {
  chosen = code;
  await ready;
  const speaker = await speakerOf(code).catch(() => speak); // its texts may be out of reach just now
  if (chosen !== code) return;
  speak = speaker;
  memory.keep("language", speak.language.code);
  say();
}

/** Everything that is in sight, in the language that is chosen. */
function say() {
  translatePage(speak);
  entry.show(told, speak);
  sayOffline();
  room?.speakIn(speak);
}

function sayOffline() {
  entry.note(isKept || !navigator.onLine ? speak.plain("entry_offline") : "");
}

function loadRoom() {
  loading ??= Promise.all([import("./room.js"), loadStyle("room.css")])
    .then(([{ createRoom }]) => createRoom({ memory, tab, onLeave: leave }));
  loading.catch(() => { loading = null; });
  return loading;
}

/** @param {string} nameText @param {string} roomText */
async function enter(nameText, roomText) {
  await ready;
  const [name, place] = [checkName("client", nameText), checkName("room", roomText)];
  if (name.value === undefined || place.value === undefined) return tell({ name: name.code, room: place.code });
  tell({});
  const loaded = await loadRoom().catch(() => tell({ failed: true }));
  if (loaded && room === null) settle(loaded, { name: name.value, room: place.value });
}

/** @param {Room} loaded @param {Place} place */
function settle(loaded, place) {
  memory.keep("name", place.name);
  memory.keep("room", place.room);
  tab.stay(place);
  history.replaceState(null, "", `#${encodeURIComponent(place.room)}`);
  entry.fill(place);
  entry.hide();
  room = loaded;
  isKept = false; // from now on the room knows better
  room.enter(place, speak);
}

/** @param {boolean} forgetting by the button; who only follows a link may come back to what still waits here */
function leave(forgetting) {
  if (room === null) return;
  const left = room.leave(forgetting);
  room = null;
  if (forgetting) tab.forget();
  else tab.stay(null);
  tell({ left });
  sayOffline();
  entry.focus();
}

/** @param {Told} news */
function tell(news) {
  told = news;
  entry.show(told, speak);
}

/** What is in the address. A ticket is taken out of it: an address is copied, shown and kept in the history. */
function readAddress() {
  const found = readFragment(location.hash);
  if (found.token !== "") {
    tab.keepTicket(found.token);
    history.replaceState(null, "", `#${encodeURIComponent(found.room)}`);
    fillName();
  }
  return found;
}

/** The name on the ticket, which alone it lets in; without one the name that was used last. */
function fillName() {
  const { sub } = claimsOf(tab.ticket());
  entry.fill({ name: typeof sub === "string" ? sub : memory.recall("name") });
}

addEventListener("hashchange", () => {
  const { room: named, token } = readAddress();
  if (room !== null && (room.name() !== named || token !== "")) leave(false); // a ticket may be another's
  entry.fill({ room: named, invited: named !== "" });
});

for (const change of ["online", "offline"]) {
  addEventListener(change, () => {
    isKept = false;
    sayOffline();
  });
}

const here = tab.here();
fillName();
const { room: named } = readAddress();
entry.fill({ room: named || memory.recall("room"), invited: named !== "" });
if (here !== null && here.room === named) {
  translatePage(speak);
  await enter(here.name, here.room);
} else {
  say();
}
if (room === null) entry.focus();

/** What is prepared for later may be out of reach just now. */
async function prepare() {
  await loadRoom().catch(() => {});
  const { keepPage } = await import("./offline.js");
  await keepPage(() => {
    isKept = room === null;
    sayOffline();
  });
}

// Once what is in sight has been drawn.
setTimeout(() => prepare().catch(() => {}), 200);
