/** What of this tab outlasts a reload: where one is, with which ticket, and by which transport. */
import { isText, parsed } from "./core/protocol.js";
import { createMemory } from "./memory.js";

/** @import { Kind, Place } from "./types.js" */

/** @param {() => Storage} open */
export function createTab(open) {
  const { recall, keep } = createMemory(open);
  return {
    /** Where it was when it was last seen. @returns {Place | null} */
    here() {
      const place = parsed(recall("here"));
      return isText(place?.name) && isText(place.room) ? place : null;
    },
    /** @param {Place | null} place */
    stay: (place) => keep("here", place === null ? "" : JSON.stringify({ name: place.name, room: place.room })),
    ticket: () => recall("ticket"),
    /** @param {string} token */
    keepTicket: (token) => keep("ticket", token),
    /** The kind that worked last: where no WebSocket comes through, a reload need not find that out anew. */
    transport: () => recall("transport"),
    /** @param {Kind} kind */
    keepTransport: (kind) => keep("transport", kind),
    forget() {
      for (const key of ["here", "ticket", "transport"]) keep(key, "");
    },
  };
}
