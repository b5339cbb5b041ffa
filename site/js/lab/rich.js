/** Texts with code in them. Code runs from left to right in every language. */
import { element, translatePage } from "../view/dom.js";

/** @import { Speaker } from "../types.js" */

/** @param {string} text */
export const code = (text) => element("code", { dir: "ltr" }, text);

/** What stands between back quotes becomes code. @param {string} text */
export const rich = (text) => text.split("`").map((piece, index) => (index % 2 === 1 ? code(piece) : piece));

/** The texts of the page, and those with code: `data-rich`; of several paragraphs: `data-list`. @param {Speaker} speak */
export function translateLab(speak) {
  translatePage(speak);
  document.title = speak.plain("lab_page");
  for (const target of document.querySelectorAll("[data-rich]")) {
    target.replaceChildren(...rich(speak.plain(String(target.getAttribute("data-rich")))));
  }
  for (const target of document.querySelectorAll("[data-list]")) {
    const lines = speak.plain(String(target.getAttribute("data-list"))).split("\n");
    target.replaceChildren(...lines.map((line) => element("li", {}, ...rich(line))));
  }
}
