/** Wires the lab: the room is started, stopped and shown; what is set reaches it. */
import { byId, element, html, nodes, setText } from "../view/dom.js";
import { createSpeaker, LANGUAGES, loadLanguage, pickLanguage } from "../i18n.js";
import { createMemory } from "../memory.js";
import { checkName } from "../core/names.js";
import { createTab } from "../tab.js";
import { readFragment } from "../ticket.js";
import { bodies, createCard, headers } from "./card.js";
import { csv } from "./csv.js";
import { createFigures } from "./figures.js";
import { createFormat } from "./format.js";
import { createHandshakes } from "./handshakes.js";
import { createLayers } from "./layers.js";
import { PLOTTED } from "./plot.js";
import { rich, translateLab } from "./rich.js";
import { createRoom, KINDS } from "./room.js";

/** @import { Speaker } from "../types.js" */
/** @import { Kind } from "./types.js" */

const DRAW_EVERY = matchMedia("(prefers-reduced-motion: reduce)").matches ? 1000 : 250;
const FIRST_AFTER = 1500;
/** A page that was forgotten in a tab costs its server nothing more. */
const IDLE = 30 * 60_000;

const memory = createMemory(() => localStorage);
const tab = createTab(() => sessionStorage);
const settings = { interval: 2, hold: 25, sender: /** @type {Kind} */ ("websocket"), rate: 5000 };
const language = byId("language", HTMLSelectElement);
const text = byId("text", HTMLInputElement);

const place = placeOfAddress();
const room = createRoom(place, settings, { arrived: tell });
const cards = new Map(KINDS.map((kind) => [kind, createCard(kind)]));
const showFigures = createFigures(html("figures"), KINDS);
const showLayers = createLayers(html("stacks"));
/** @type {(speak: Speaker) => void} */
let showHandshakes = () => {};
let speak = await speakerOf(pickLanguage(memory.recall("language"), navigator.languages));
let format = createFormat(speak);
let [talking, touchedAt] = [0, performance.now()];
/** Somebody of the three was not let in, and that has been said. */
let shutOut = false;
/** Why it does not run: the key of what is said of it, or "". */
let stopped = "";

/** @param {string} code */
async function speakerOf(code) {
  const [page, lab] = await Promise.all([loadLanguage(code), import(`./lang/${code}.js`)]);
  return createSpeaker({ ...page, texts: { ...page.texts, ...lab.default } }, navigator.languages);
}

/** The room in the address, or one of one's own. The ticket is taken out, as the chat's page does. */
function placeOfAddress() {
  const { room: asked, token } = readFragment(location.hash);
  if (token !== "") tab.keepTicket(token);
  const own = `lab-${crypto.getRandomValues(new Uint32Array(1))[0].toString(36)}`;
  const name = (asked !== "" && checkName("room", asked).value) || own;
  history.replaceState(null, "", `#${encodeURIComponent(name)}`);
  return { room: name, ticket: tab.ticket() };
}

function translate() {
  translateLab(speak);
  language.value = speak.language.code;
  html("room-name").replaceChildren(...nodes(speak.parts("room_named", { room: place.room })));
  const version = { "http/1.1": "HTTP/1.1", h2: "HTTP/2", h3: "HTTP/3" }[hopProtocol()];
  setText(html("this-page"), speak.plain(version ? "this_page" : "this_page_unknown", { version: version ?? "" }));
  showLayers(speak);
  showHandshakes(speak);
  showSettings();
  draw();
  drawFigures();
}

function hopProtocol() {
  const [entry] = performance.getEntriesByType("navigation");
  return entry instanceof PerformanceNavigationTiming ? entry.nextHopProtocol : "";
}

function showSettings() {
  for (const name of /** @type {const} */ (["interval", "hold"])) {
    const said = speak.plain("seconds_of", { count: settings[name] });
    setText(html(`${name}-said`), said);
    html(name).ariaValueText = said;
  }
  setText(html("pause"), speak.plain(room.running ? "pause" : "resume"));
}

/** @param {string} key @param {import("../types.js").Values} [values] */
const say = (key, values) => html("said").replaceChildren(...rich(speak.plain(key, values)));

/** @param {{number: number, arrived: Map<Kind, number>}} sending */
function tell({ number, arrived }) {
  const ways = [...arrived].sort(([, a], [, b]) => a - b).map(([kind, ms]) =>
    speak.plain("arrived_by", { way: speak.plain(kind), time: format.time(ms) }));
  say("arrived", { number, list: new Intl.ListFormat(speak.language.code).format(ways) });
}

function start() {
  stopped = "";
  room.start();
  talk(FIRST_AFTER);
  say("said_running");
  showSettings();
}

/** @param {string} why */
function stop(why) {
  stopped = why;
  room.stop();
  clearTimeout(talking);
  say(why);
  showSettings();
  draw();
}

/** @param {number} wait until the next message that is sent by itself */
function talk(wait) {
  clearTimeout(talking);
  if (settings.rate === 0 || !room.running) return;
  talking = window.setTimeout(() => {
    room.say("", false);
    talk(settings.rate);
  }, wait);
}

function draw() {
  const now = performance.now();
  const sends = room.sends();
  for (const [kind, way] of room.ways) {
    cards.get(kind)?.showWire({ look: way.meter.look(), status: way.status, arrivals: way.arrivals, samples: [], sends, now }, speak, format);
  }
  const refused = [...room.ways.values()].some(({ status }) => status.reason === "not_admitted");
  if (refused && !shutOut && place.ticket === "") say("said_ticket");
  shutOut ||= refused;
}

function drawFigures() {
  const now = performance.now();
  const recent = room.samples().slice(-PLOTTED * KINDS.length);
  const top = (/** @type {number[]} */ values) => Math.max(1, ...values);
  const tops = {
    requests: top(recent.map(({ counts, seconds }) => counts.requests / Math.max(seconds, 0.5))),
    bytes: top(recent.map((sample) => (bodies(sample) + headers(sample)) / Math.max(sample.seconds, 0.5))),
  };
  const looks = new Map([...room.ways].map(([kind, { meter }]) => [kind, meter.look()]));
  for (const [kind, way] of room.ways) {
    const look = looks.get(kind);
    const samples = recent.filter((sample) => sample.kind === kind);
    if (look) cards.get(kind)?.showFigures({ look, status: way.status, arrivals: [], samples, sends: [], now }, tops, speak, format);
  }
  showFigures(looks, format);
}

function save() {
  room.sample();
  const samples = room.samples();
  const url = URL.createObjectURL(new Blob([csv(samples)], { type: "text/csv" }));
  element("a", { href: url, download: "parley-lab.csv" }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
  say("said_exported", { count: samples.length });
}

for (const [code, label] of LANGUAGES) language.append(element("option", { value: code, lang: code }, label));
language.addEventListener("change", async () => {
  const { value } = language;
  const speaker = await speakerOf(value).catch(() => speak);
  if (value !== language.value) return; // another has been chosen meanwhile
  speak = speaker;
  format = createFormat(speak);
  memory.keep("language", speak.language.code);
  translate();
});
html("cards").append(...[...cards.values()].map(({ node }) => node));
for (const name of /** @type {const} */ (["interval", "hold"])) {
  const range = byId(name, HTMLInputElement);
  settings[name] = range.valueAsNumber;
  range.addEventListener("input", () => {
    settings[name] = range.valueAsNumber;
    showSettings();
  });
}
const rate = byId("rate", HTMLSelectElement);
settings.rate = Number(rate.value);
rate.addEventListener("change", () => {
  settings.rate = Number(rate.value);
  talk(Math.min(FIRST_AFTER, settings.rate));
});
const sender = byId("sender", HTMLSelectElement);
settings.sender = /** @type {Kind} */ (sender.value);
sender.addEventListener("change", () => { settings.sender = /** @type {Kind} */ (sender.value); });
html("say").addEventListener("submit", (event) => {
  event.preventDefault();
  if (room.say(text.value.trim(), true) === null) say("said_nobody");
  text.value = "";
});
html("pause").addEventListener("click", () => (room.running ? stop("said_paused") : start()));
html("reset").addEventListener("click", () => {
  room.reset();
  drawFigures();
  say("said_reset");
});
html("export").addEventListener("click", save);
for (const touch of ["pointerdown", "keydown"]) addEventListener(touch, () => { touchedAt = performance.now(); });
function seen() {
  if (document.hidden || stopped !== "said_hidden") return;
  start();
  say("said_hidden");
}
function unseen() {
  if (room.running) stop("said_hidden");
}
document.addEventListener("visibilitychange", () => (document.hidden ? unseen() : seen()));
addEventListener("pagehide", unseen);
addEventListener("pageshow", seen); // also one that the browser had kept
// The address's fragment names the room, so links within the page leave it alone.
for (const link of document.querySelectorAll("a[href^='#']")) {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    const target = html(String(link.getAttribute("href")).slice(1));
    target.scrollIntoView();
    target.focus({ preventScroll: true });
  });
}
addEventListener("hashchange", () => location.reload());

setInterval(() => {
  if (!room.running) return;
  if (performance.now() - touchedAt > IDLE) stop("said_idle");
  room.sample();
  drawFigures();
}, 1000);
setInterval(() => room.running && draw(), DRAW_EVERY);

if (document.hidden) stopped = "said_hidden";
else start();
document.body.hidden = false; // drawings are as wide as there is room for
translate();

fetch("lab/handshakes.json").then((answer) => answer.json()).then(({ handshakes }) => {
  showHandshakes = createHandshakes(html("shakes"), handshakes);
  showHandshakes(speak);
}, () => setText(html("shakes"), speak.plain("shakes_missing")));
