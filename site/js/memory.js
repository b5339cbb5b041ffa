/** What the page remembers between visits. Storage may be missing, full or forbidden: then it just forgets. */

const PREFIX = "parley.";

/** @param {() => Storage} open a function, as reading `localStorage` alone may throw */
export function createMemory(open) {
  return {
    /** @param {"name" | "room" | "language"} key @returns {string} */
    recall(key) {
      try {
        return open().getItem(PREFIX + key) ?? "";
      } catch {
        return "";
      }
    },
    /** @param {"name" | "room" | "language"} key @param {string} value */
    keep(key, value) {
      try {
        open().setItem(PREFIX + key, value);
      } catch {
        // forgetting is harmless
      }
    },
  };
}
