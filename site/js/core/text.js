/**
 * What a message's text is made of: a quote, if it opens with one, and text with links. Put together again, it is what
 * was written.
 *
 *     split("> Ada:\n> Tea?\nYes")    // -> { quote: "> Ada:\n> Tea?\n", text: "Yes" }
 *     pieces("See https://a.example.")  // -> ["See ", { text: "https://a.example", href: "https://a.example/" }, "."]
 *     quoteOf("Ada", "Tea?")            // -> "> Ada:\n> Tea?\n"
 */
import { LIMITS, lengthOf } from "./protocol.js";

/** @import { Piece, Quote } from "../types.js" */

const QUOTED_LINES = 3;
const QUOTED_LENGTH = 200;

/** Lines that begin with ">" and a space; an emoticon such as >:( does not. */
const QUOTE = /^(?:>(?: [^\n]*)?(?:\n|$))+/;

/** What may be meant as a link: up to the next space, quotation mark or angle bracket. */
const CANDIDATE = /(?<![a-z0-9_.@/+-])(?:https?:\/\/|www\.)[^\s\p{Cc}<>"`“”«»]+/giu;
/** Nothing but a plain host and a port before the path: no credentials, no look-alikes of a slash, nothing invisible. */
const SHAPE = /^(?:https?:\/\/|www\.)[\p{L}\p{N}][\p{L}\p{M}\p{N}\u200c._-]*(?::\d+)?(?:[/?#]|$)/iu;
const TURNS = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/;
const CLOSES = new Map([["(", ")"], ["[", "]"], ["{", "}"]]);
/** At the end of a link it ends the sentence, or is what the sentence wraps the link in. */
const ENDING = /[.,:;!?'’*_~…،؛؟۔\u200c\u200d([{]/;

/** @param {string} content */
export function split(content) {
  const [quote] = QUOTE.exec(content) ?? [""];
  return { quote, text: content.slice(quote.length) };
}

/** A quote without its marks, and whom it is of, where its first line says so. @param {string} quote @returns {Quote} */
export function quoted(quote) {
  const lines = quote.replace(/\n$/, "").split("\n").map((line) => line.slice(2));
  const name = lines.length > 1 && lines[0].endsWith(":") ? lines[0].slice(0, -1) : "";
  if (name === "" || lengthOf(name) > LIMITS.name) return { name: "", text: lines.join("\n") };
  return { name, text: lines.slice(1).join("\n") };
}

/** The beginning of a message as a quote. What it quotes itself is left out. @param {string} name @param {string} content */
export function quoteOf(name, content) {
  const { quote, text } = split(content);
  const lines = (text.trim() || quoted(quote).text).split(/[\n\r\u2028\u2029]+/).filter((line) => line.trim() !== "");
  const beginning = lines.slice(0, QUOTED_LINES).join("\n");
  const short = shortened(beginning);
  const more = short !== beginning || lines.length > QUOTED_LINES ? "…" : "";
  return `${name}:\n${short}${more}`.replace(/^/gm, "> ") + "\n";
}

/** In whole words, where they are not endless. @param {string} text */
function shortened(text) {
  const letters = [...text];
  if (letters.length <= QUOTED_LENGTH) return text;
  const start = letters.slice(0, QUOTED_LENGTH).join("");
  return /^.*\S(?=\s)/s.exec(start)?.[0] ?? start;
}

/** @param {string} text @returns {Piece[]} */
export function pieces(text) {
  /** @type {Piece[]} */
  const found = [];
  let done = 0;
  for (const { 0: candidate, index } of text.matchAll(CANDIDATE)) {
    const shown = withoutEnding(candidate);
    const href = TURNS.test(candidate) || candidate.slice(shown.length).includes("…") ? null : hrefOf(shown);
    if (href === null) continue;
    if (index > done) found.push(text.slice(done, index));
    found.push({ text: shown, href });
    done = index + shown.length;
  }
  if (done < text.length) found.push(text.slice(done));
  return found;
}

/** Closing brackets belong to the link as far as it opens them: Wikipedia's do. @param {string} candidate */
function withoutEnding(candidate) {
  const count = (/** @type {string} */ letter) => candidate.split(letter).length - 1;
  const surplus = new Map([...CLOSES].map(([opening, closing]) => [closing, count(closing) - count(opening)]));
  let end = candidate.length;
  for (; end > 0; end--) {
    const letter = candidate[end - 1];
    if ((surplus.get(letter) ?? 0) <= 0 && !ENDING.test(letter)) break;
    const closing = CLOSES.get(letter) ?? letter;
    surplus.set(closing, (surplus.get(closing) ?? 0) + (closing === letter ? -1 : 1));
  }
  return candidate.slice(0, end);
}

/** @param {string} text @returns {string | null} */
function hrefOf(text) {
  const address = /^www\./i.test(text) ? `https://${text}` : text;
  return SHAPE.test(text) && URL.canParse(address) ? new URL(address).href : null;
}
