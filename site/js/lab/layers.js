/** Which layers carry polls and WebSockets over each version of HTTP. */
import { element } from "../view/dom.js";

/** @type {[version: string, http: string, below: string[]][]} */
const STACKS = [
  ["HTTP/1.1", "h1", ["tls", "tcp", "ip"]],
  ["HTTP/2", "h2", ["tls", "tcp", "ip"]],
  ["HTTP/3", "h3", ["quic", "udp", "ip"]],
];

/** @param {string} name @param {string} note @param {string} style */
const layer = (name, note, style) => element("div", { class: `layer ${style}` },
  element("b", {}, name), element("small", {}, note));

/** @param {HTMLElement} place */
export function createLayers(place) {
  /** @param {import("../types.js").Speaker} speak */
  return (speak) => {
    const box = (/** @type {string} */ key, style = key) => layer(speak.plain(`layer_${key}`), speak.plain(`layer_${key}_note`), style);
    place.replaceChildren(...STACKS.map(([version, http, below]) => element("ol", {
      class: "stack", "aria-label": speak.plain("layers_label", { version }) },
      element("li", { class: "side" }, box("polls"), box("socket")),
      element("li", { class: "side" }, box(http, "http"),
        layer(speak.plain(`layer_${http}`), speak.plain(`layer_${http}_socket_note`), `http ${http === "h1" ? "passing" : ""}`)),
      ...below.map((key) => element("li", {}, box(key))))));
  };
}
