/** What stands for a person or a room in an avatar: letters and a colour, the same for everybody. */

const graphemes = new Intl.Segmenter();
/** Kept apart, since Arabic letters would join and no longer read as initials. */
const APART = "\u200c";

/** Of the first two words, by grapheme: a flag, or a letter with its marks, is one. @param {string} name */
export function initials(name) {
  const words = name.split(/\s+/u).filter((word) => word !== "").slice(0, 2);
  return words.map((word) => [...graphemes.segment(word)][0].segment.toUpperCase()).join(APART);
}

/** One of twelve, in degrees. @param {string} name */
export function hueOf(name) {
  let hash = 0x811c9dc5; // FNV-1a, mixed once more for names that differ in their last letter only
  for (const letter of name) hash = Math.imul(hash ^ Number(letter.codePointAt(0)), 0x01000193) >>> 0;
  hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b) >>> 0;
  return ((hash >>> 16) % 12) * 30;
}
