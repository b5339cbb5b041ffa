/** What a message says, as elements. Every text of it is a text node, whatever it looks like. */
import { pieces, quoted, split } from "../core/text.js";
import { element } from "./dom.js";

/** No window that could reach back, no word of where one came from, no credit to whoever writes the most links. */
const REL = "noopener noreferrer nofollow ugc";

/** @param {string} content @returns {Node[]} */
export function drawContent(content) {
  const { quote, text } = split(content);
  const drawn = [];
  if (quote !== "") drawn.push(drawQuote(quote));
  if (text !== "") drawn.push(element("p", { dir: "auto" }, ...withLinks(text)));
  return drawn;
}

/** @param {string} quote */
function drawQuote(quote) {
  const { name, text } = quoted(quote);
  const drawn = element("blockquote", { dir: "auto" }, ...withLinks(text));
  if (name !== "") drawn.prepend(element("cite", { dir: "auto" }, name));
  return drawn;
}

/** @param {string} text */
const withLinks = (text) => pieces(text).map((piece) => (typeof piece === "string" ? piece : drawLink(piece)));

/** Tab reaches the links of the message that is at hand: see actions.js. @param {{text: string, href: string}} link */
function drawLink({ text, href }) {
  const link = element("a", { href, target: "_blank", rel: REL, dir: "ltr", tabindex: "-1" }, text);
  // Where it leads to, if that is not what stands there: letters of other scripts can look like Latin ones.
  if (href !== text && href !== `${text}/`) link.title = href;
  return link;
}
