/** What is remembered in one of the browser's storages. It may be missing, full or forbidden: then it is just forgotten. */

const PREFIX = "parley.";

/** @param {() => Storage} open a function, as reading `localStorage` alone may throw */
export function createMemory(open) {
  return {
    /** "" where there is nothing. @param {string} key */
    recall(key) {
      try {
        return open().getItem(PREFIX + key) ?? "";
      } catch {
        return "";
      }
    },
    /** Whether it worked. @param {string} key @param {string} text "" forgets it */
    keep(key, text) {
      try {
        if (text === "") open().removeItem(PREFIX + key);
        else open().setItem(PREFIX + key, text);
        return true;
      } catch {
        return false;
      }
    },
  };
}
