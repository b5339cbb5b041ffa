/**
 * The rules for names, the same as the server's: a browser is not told why a handshake was refused, so it must know.
 *
 *     checkName("client", "  Ada ")   // -> { value: "Ada" }
 *     checkName("client", "System")   // -> { code: "client_reserved" }
 */
import { DEFAULTS, LIMITS, lengthOf } from "./protocol.js";

/** White space to the server's Python, which is not quite JavaScript's. */
const SPACE = "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
/** What also does nothing at the ends of a name: joiners, direction marks, soft hyphens. */
const INERT = "\\u200c\\u200d\\xad\\u061c\\u200b\\u200e\\u200f\\u2060\\ufeff";

const edges = (/** @type {string} */ set) => new RegExp(`^[${set}]+|[${set}]+$`, "gu");
const [BLANK_EDGES, NAME_EDGES] = [edges(SPACE), edges(SPACE + INERT)];

/** The joiners that Persian and many emoji need, and signs that are visible though filed under "format". */
const WELCOME = /[\u200c\u200d\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\u{110bd}\u{110cd}]/u;
const UNSHOWABLE = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}\p{Noncharacter_Code_Point}]/u;
const FILLER = /[\u115f\u1160\u2065\u2800\u3164\uffa0\ufff0-\ufff8\u{e0000}-\u{e00ff}\u{e01f0}-\u{e0fff}]/u;
const VISIBLE = /[\p{L}\p{N}\p{P}\p{S}\p{Cn}]/u;

/** Letters that look like those of "system" once compatibility forms, case and accents are gone. */
const LIKENESSES = { s: "ѕꜱꓢᏚʂȿᵴ𐑈տ", y: "уүұγυʏɏƴỿꓬᎩყɣ", t: "тτᴛŧƭʈƫꓔꭲᎢ", e: "еєҽεɛ℮ɇᴇꓰᎬ", m: "мμӎᴍɱᵯꓟᎷ" };
const LOOK_ALIKES = new Map();
for (const [letter, likes] of Object.entries(LIKENESSES)) {
  for (const like of likes + likes.toLowerCase()) LOOK_ALIKES.set(like, letter);
}
/** Letters in dark circles, in dark squares, and regional indicators have no compatibility form. */
const ENCLOSED_ALPHABETS = [0x1f150, 0x1f170, 0x1f1e6];

/** @param {string} text */
export const trim = (text) => text.replace(BLANK_EDGES, "");

/** @param {string} letter */
function plainLetter(letter) {
  const code = Number(letter.codePointAt(0));
  const start = ENCLOSED_ALPHABETS.find((first) => code >= first && code < first + 26);
  return start === undefined ? LOOK_ALIKES.get(letter) ?? letter : String.fromCodePoint(0x61 + code - start);
}

/** @param {string} name */
function readsAsSystem(name) {
  // Up and down again is as near as JavaScript comes to case folding.
  const folded = name.normalize("NFKC").toUpperCase().toLowerCase().normalize("NFKD");
  const letters = Array.from(folded, plainLetter).join("").replace(/[^\p{L}\p{N}]/gu, "");
  return letters.replaceAll("rn", "m") === "system";
}

/**
 * The name as the server will have it, or the code of the error it would refuse it with. Blank is the default.
 * @param {"room" | "client"} kind @param {string} text
 * @returns {{value: string, code?: undefined} | {value?: undefined, code: string}}
 */
export function checkName(kind, text) {
  const value = text.normalize("NFC").replace(NAME_EDGES, "");
  if (value === "") return { value: kind === "room" ? DEFAULTS.room : DEFAULTS.name };
  if (lengthOf(value) > LIMITS.name) return { code: `${kind}_too_long` };
  const refused = [...value].some((letter) => FILLER.test(letter) || (UNSHOWABLE.test(letter) && !WELCOME.test(letter)));
  // "." and ".." vanish from a URL's path, escaped or not, so they could never reach the server.
  if (refused || !VISIBLE.test(value) || value === "." || value === "..") return { code: `${kind}_invalid` };
  if (kind === "client" && readsAsSystem(value)) return { code: "client_reserved" };
  return { value };
}
