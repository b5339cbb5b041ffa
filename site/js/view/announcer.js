/**
 * What is said to who cannot see the page: what others write and who comes, politely; what went wrong, at once. Each thing
 * once, and only what happens now: neither history nor one's own messages, nor what is drawn or translated anew.
 */
import { lineOf } from "../core/timeline.js";
import { split } from "../core/text.js";
import { element, html, nodes } from "./dom.js";

/** @import { LineRow, Message, Part, Speaker, State, SystemLine } from "../types.js" */

const QUIET = 3_000; // between two announcements: nobody is talked over
const QUIET_ABOUT_PEOPLE = 15_000;
const READ_OUT = 3; // more messages than that at once are counted
const READ_LENGTH = 300;

export function createAnnouncer() {
  const [told, warned] = [html("told"), html("warned")];
  /** @type {{state: State, speak: Speaker}} */
  let latest;
  /** What was said up to here is history; null before the first page. @type {number | null} */
  let since = null;
  /** @type {Message[]} */
  let messages = [];
  /** @type {SystemLine[]} */
  let lines = [];
  let [knownLines, knownTroubles] = [new Set(), new Set()];
  let [timer, peopleAt] = [0, -Infinity];

  /** @param {HTMLElement} region @param {Part[][]} texts */
  const say = (region, texts) => region.replaceChildren(...texts.map((parts) => element("p", {}, ...nodes(parts))));

  /** @param {State} state */
  function gather(state) {
    const { cursor, messages: all } = state.log;
    const isOwn = (/** @type {LineRow} */ { told }) => told?.total === 1 && told.clients[0] === state.name;
    if (cursor !== null && since !== null) {
      const seen = since;
      const fresh = all.slice(all.findLastIndex(({ seq }) => seq <= seen) + 1);
      messages.push(...fresh.filter(({ client_id: name }) => name !== state.name));
      lines.push(...state.lines.filter((line) => !knownLines.has(line) && !isOwn(lineOf(line, state.room))));
    }
    since = since !== null || state.sync.current ? cursor : null;
    knownLines = new Set(state.lines);
  }

  /** @param {Message} message */
  function readOut({ client_id: name, content }) {
    const { quote, text } = split(content); // what is quoted was heard before
    return latest.speak.parts("heard", { name, text: [...text || quote].slice(0, READ_LENGTH).join("") });
  }

  function flush() {
    const { speak, state } = latest;
    const many = messages.length > READ_OUT;
    const texts = many ? [speak.parts("heard_many", { count: messages.length })] : messages.map(readOut);
    const now = performance.now();
    if (texts.length === 0 && lines.length > 0 && now - peopleAt > QUIET_ABOUT_PEOPLE) {
      peopleAt = now;
      const [line, another] = lines;
      texts.push(another ? speak.parts("people_here", { count: state.total }) : speak.line(lineOf(line, state.room)));
    }
    [messages, lines] = [[], []];
    say(told, texts);
    timer = texts.length > 0 ? window.setTimeout(flush, QUIET) : 0;
  }

  /** @param {State} state @param {Speaker} speak @param {boolean} first */
  function warn({ notices, outbox }, speak, first) {
    const troubles = new Map(notices.map(({ code, content }) => [code, speak.error(code, content)]));
    for (const { id, error } of outbox.values()) {
      if (error) troubles.set(`own ${id}`, `${speak.plain("failed")}. ${speak.error(error.code, error.content)}`);
    }
    const fresh = [...troubles].filter(([key]) => !knownTroubles.has(key));
    if (fresh.length > 0 && !first) say(warned, fresh.map(([, text]) => [text]));
    knownTroubles = new Set(troubles.keys());
  }

  return {
    /** @param {State} state @param {Speaker} speak @param {boolean} first of a stay in a room */
    tell(state, speak, first) {
      latest = { state, speak };
      gather(state);
      warn(state, speak, first);
      if (timer === 0 && messages.length + lines.length > 0) flush();
    },
    stop() {
      clearTimeout(timer);
      [timer, since, messages, lines] = [0, null, [], []];
      for (const region of [told, warned]) region.replaceChildren();
    },
  };
}
