/** Calls somebody who looks elsewhere: a notification, a sound, a number on the icon. The first two only where they are wanted. */
import { split } from "./core/text.js";

/** @import { createMemory } from "./memory.js" */
/** @import { Message, Speaker } from "./types.js" */

const GRACE = 300; // a page without TLS has no locks: there, another tab may still say that it shows the message
const APART = 1_000; // between two calls: of many messages the latest is told
const PATIENCE = 1_000; // until sound may be heard
const LENGTH = 140;

const pause = (/** @type {number} */ wait) => new Promise((resolve) => { setTimeout(resolve, wait); });

/** One tab at a time of those with that room. @param {string} room @param {() => Promise<void>} act */
const alone = (room, act) => navigator.locks?.request(`parley.attention ${room}`, act) ?? act();

const lockOf = (/** @type {string} */ room) => `parley.shown ${room}`;

/** Whether some tab shows it. @param {string} room */
const isShown = async (room) => (await navigator.locks?.query())?.held?.some(({ name }) => name === lockOf(room)) === true;

const registration = async () => navigator.serviceWorker?.getRegistration();

/** @type {AudioContext | undefined} */
let audio;

/** Two soft notes. Without a click on the page, ever, a browser lets none be heard. */
export async function chime() {
  audio ??= new AudioContext();
  await Promise.race([audio.resume(), pause(PATIENCE)]);
  if (audio.state !== "running") return; // its clock stands still: all that is begun now would be heard at once, later
  const { currentTime: now, destination } = audio;
  for (const [pitch, after] of [[660, 0], [880, 0.12]]) {
    const [note, loudness] = [new OscillatorNode(audio, { frequency: pitch }), new GainNode(audio, { gain: 0 })];
    loudness.gain.setValueAtTime(0, now + after).linearRampToValueAtTime(0.08, now + after + 0.02)
      .exponentialRampToValueAtTime(0.0005, now + after + 0.4);
    note.connect(loudness).connect(destination);
    note.start(now + after);
    note.stop(now + after + 0.45);
  }
}

/**
 * @param {object} options
 * @param {ReturnType<typeof createMemory>} options.memory
 * @param {() => boolean} options.isSeen whether somebody may be looking at the page
 */
export function createAttention({ memory, isSeen }) {
  const tabs = new BroadcastChannel("parley.attention");
  /** When the last message of each room was sent that some tab has shown or told. @type {Map<string, string>} */
  const told = new Map();
  /** @type {Message | null} */
  let latest = null;
  /** @type {Speaker} */
  let speak;
  let isCalling = false;
  let letGo = () => {};

  const wants = (/** @type {string} */ what) => memory.recall(what) === "on";
  tabs.addEventListener("message", ({ data: [room, at] }) => told.set(room, at));

  /** @param {Message} message */
  function say({ room_id: room, timestamp }) {
    told.set(room, timestamp);
    tabs.postMessage([room, timestamp]);
  }

  /** A tab holds the room that it shows, so that no other calls for it. @param {string} room or "" */
  function hold(room) {
    letGo();
    const over = new Promise((resolve) => { letGo = () => resolve(null); });
    if (room !== "") void navigator.locks?.request(lockOf(room), { mode: "shared" }, () => over);
  }

  /** @param {string} room */
  async function call(room) {
    isCalling = true;
    await pause(GRACE);
    await alone(room, async () => {
      while (!await isShown(room) && latest && latest.timestamp > (told.get(latest.room_id) ?? "")) {
        say(latest);
        if (wants("notify")) await notify(latest);
        if (wants("sound")) await chime();
        await pause(APART);
      }
      isCalling = false; // at once: a message that comes from now on has to call by itself
    });
  }

  /** By the worker: on phones a page may not. @param {Message} message */
  async function notify({ room_id: room, client_id: name, content }) {
    const text = split(content).text.trim();
    const short = text.length > LENGTH ? `${[...text].slice(0, LENGTH).join("")}…` : text;
    const { code: lang } = speak.language;
    const options = {
      body: speak.plain("heard", { name, text: short }), tag: room, renotify: true, silent: true, lang, dir: "auto",
      icon: "icons/icon-192.png",
    };
    (await registration())?.active?.postMessage({ room, options });
  }

  return {
    /** A message of somebody else has come just now. @param {Message} message @param {Speaker} speaker */
    heard(message, speaker) {
      if (!wants("notify") && !wants("sound")) return;
      if (isSeen()) return say(message);
      [latest, speak] = [message, speaker];
      if (!isCalling) call(message.room_id).catch(() => { isCalling = false; });
    },
    /** How many messages are new, on the icon of the installed page. @param {number} count */
    count: (count) => navigator.setAppBadge?.(count).catch(() => {}),
    /** Nobody looks at this tab's room any more, or it has none. */
    hidden: () => hold(""),
    /** Somebody looks at this room. @param {string} room */
    async seen(room) {
      latest = null;
      hold(room);
      for (const shown of await (await registration())?.getNotifications({ tag: room }) ?? []) shown.close();
    },
  };
}
