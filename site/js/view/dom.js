/** Making elements from data. Text is only ever set as text, so nothing that people write can become markup. */

import { hueOf, initials } from "../core/faces.js";

/** @import { Part, Speaker } from "../types.js" */

/** @template {HTMLElement} T @param {string} id @param {new () => T} type @returns {T} */
export function byId(id, type) {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`the page has no ${type.name} #${id}`);
  return found;
}

/** @param {string} id */
export const html = (id) => byId(id, HTMLElement);

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag @param {Record<string, string>} attributes @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function element(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** Those and no others, in that order; whoever stays is not touched. @param {Element} list @param {Element[]} wanted */
export function arrange(list, wanted) {
  const staying = new Set(wanted);
  for (const child of [...list.children]) if (!staying.has(child)) child.remove();
  let next = list.firstElementChild;
  for (const node of wanted) {
    if (node === next) next = next.nextElementSibling;
    else list.insertBefore(node, next);
  }
}

/** A user's text within a sentence, which must not turn the sentence's direction. @param {string} text */
export const bdi = (text) => element("bdi", {}, text);

/** @param {Part[]} parts */
export const nodes = (parts) => parts.map((part) => (typeof part === "string" ? part : bdi(part.user)));

/** @param {string} style @param {string} text @param {() => void} act */
export function button(style, text, act) {
  const made = element("button", { type: "button", class: style }, text);
  made.addEventListener("click", act);
  return made;
}

/** One of the page's symbols, beside or above a text that says the same. @param {string} name */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS(svg.namespaceURI, "use");
  use.setAttribute("href", `#icon-${name}`);
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  svg.append(use);
  return svg;
}

/** Decoration only: the name stands beside it. @param {string} name */
export function avatar(name) {
  const made = element("span", { class: "avatar", "aria-hidden": "true" }, initials(name));
  paint(made, name);
  return made;
}

/** In the name's colour. @param {HTMLElement} target @param {string} name */
export const paint = (target, name) => target.style.setProperty("--hue", String(hueOf(name)));

/** Sets only what differs, so that nobody is told of what stayed. @param {HTMLElement} target @param {string} text */
export function setText(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

/** The page's own texts: `data-text`, `data-label` and `data-hint` name the key of each. @param {Speaker} speak */
export function translatePage(speak) {
  Object.assign(document.documentElement, { lang: speak.language.code, dir: speak.language.dir });
  for (const [name, property] of [["text", "textContent"], ["label", "ariaLabel"], ["hint", "placeholder"]]) {
    for (const target of document.querySelectorAll(`[data-${name}]`)) {
      const text = speak.plain(String(target.getAttribute(`data-${name}`)));
      Object.assign(target, { [property]: text });
      if (name === "label" && target instanceof HTMLButtonElement) target.title = text; // a sign alone says little
    }
  }
}

/** @param {string} href */
export function loadStyle(href) {
  const { promise, resolve, reject } = Promise.withResolvers();
  const sheet = element("link", { rel: "stylesheet", href });
  sheet.addEventListener("load", resolve);
  sheet.addEventListener("error", () => {
    sheet.remove();
    reject(new Error(href));
  });
  document.head.append(sheet);
  return promise;
}
