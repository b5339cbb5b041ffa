/** What was begun to write, by room and name. It outlasts a reload and leaving; the oldest makes room for the newest. */
import { isText, parsed } from "./core/protocol.js";
import { createMemory } from "./memory.js";

/** @import { Place } from "./types.js" */

const COUNT = 20;

/** @param {() => Storage} open */
export function createDrafts(open) {
  const { recall, keep } = createMemory(open);

  /** @returns {Map<string, string>} */
  function all() {
    return new Map([parsed(recall("drafts"))].flat().filter((entry) => Array.isArray(entry) && entry.every(isText)));
  }
  const keyOf = (/** @type {Place} */ { name, room }) => JSON.stringify([room, name]);

  return {
    /** @param {Place} place */
    recall: (place) => all().get(keyOf(place)) ?? "",
    /** @param {Place} place @param {string} text */
    keep(place, text) {
      const drafts = all();
      if ((drafts.get(keyOf(place)) ?? "") === text) return;
      drafts.delete(keyOf(place));
      if (text !== "") drafts.set(keyOf(place), text);
      keep("drafts", drafts.size === 0 ? "" : JSON.stringify([...drafts].slice(-COUNT)));
    },
  };
}
