/** How a WebSocket starts over each version of HTTP, as it was recorded: tabs, and a word on each line. */
import { element } from "../view/dom.js";
import { code, rich } from "./rich.js";

/** @import { Speaker } from "../types.js" */

/**
 * @typedef {{from: "client" | "server", what: string, stream: number | null, lines: string[]}} Step
 * @typedef {{id: string, version: string, kind: "get" | "websocket", rfc: string, round_trips: number,
 *   round_trips_again: number | null, steps: Step[]}} Handshake
 */

/** The name on a line and what it says: `:method = CONNECT`, `Upgrade: websocket`, `GET / HTTP/1.1`.
 *  @param {string} line @returns {[string, string]} */
export function named(line) {
  const found = /^(:?[\w-]+)(?:: | = )(.*)$/.exec(line);
  return found ? [found[1].toLowerCase(), found[2].toLowerCase()] : [line.toLowerCase(), ""];
}

/**
 * The keys under which a line may be explained, the most special first.
 * @param {string} line @param {{kind: "get" | "websocket", from: "client" | "server", what: string}} where
 */
export function keysOf(line, { kind, from, what }) {
  const [name, value] = named(line);
  if (what === "frame" && name.startsWith("fin")) return [`line_frame ${from}`];
  if (value === "") return [name.split(" ").slice(0, 2).join(" "), name.split(" ")[0]].map((key) => `line_${key}`);
  return [`${name} ${kind}`, `${name} ${value}`, `${name} ${from}`, name].map((key) => `line_${key}`);
}

/** @param {HTMLElement} place @param {Handshake[]} handshakes */
export function createHandshakes(place, handshakes) {
  const versions = [...new Set(handshakes.map(({ version }) => version))];
  let chosen = 0;
  /** @type {HTMLElement[]} */
  let tabs = [];
  /** @type {HTMLElement[]} */
  let panels = [];

  /** @param {number} index @param {boolean} [focusing] */
  function choose(index, focusing = false) {
    chosen = (index + versions.length) % versions.length;
    tabs.forEach((tab, each) => {
      tab.setAttribute("aria-selected", String(each === chosen));
      tab.tabIndex = each === chosen ? 0 : -1;
      panels[each].hidden = each !== chosen;
    });
    if (focusing) tabs[chosen].focus();
  }

  /** @param {KeyboardEvent} event */
  function moved(event) {
    const forward = getComputedStyle(place).direction === "rtl" ? "ArrowLeft" : "ArrowRight";
    const to = { [forward]: chosen + 1, Home: 0, End: versions.length - 1 }[event.key]
      ?? (event.key.startsWith("Arrow") && ["ArrowLeft", "ArrowRight"].includes(event.key) ? chosen - 1 : null);
    if (to === null) return;
    event.preventDefault();
    choose(to, true);
  }

  /** @param {Speaker} speak */
  function show(speak) {
    tabs = versions.map((version, index) => {
      const tab = element("button", {
        type: "button", role: "tab", id: `tab-${index}`, "aria-controls": `panel-${index}` }, version);
      tab.addEventListener("click", () => choose(index));
      tab.addEventListener("keydown", moved);
      return tab;
    });
    panels = versions.map((version, index) => element("div", {
      role: "tabpanel", id: `panel-${index}`, "aria-labelledby": `tab-${index}`, tabindex: "0" },
      element("p", {}, ...rich(speak.plain(`shake_about_${version}`))),
      element("div", { class: "shakes" }, ...["websocket", "get"].flatMap((kind) =>
        handshakes.filter((each) => each.version === version && each.kind === kind).map((each) => handshake(each, speak))))));
    place.replaceChildren(
      element("div", { class: "tabs", role: "tablist", "aria-label": speak.plain("shake_versions") }, ...tabs), ...panels);
    choose(chosen);
  }

  return show;
}

/** @param {Handshake} what @param {Speaker} speak */
function handshake({ kind, rfc, round_trips: trips, round_trips_again: again, steps }, speak) {
  return element("section", { class: "shake" },
    element("h3", {}, speak.plain(`shake_${kind}`)),
    element("p", { class: "soft" }, again === null
      ? speak.plain("shake_facts_anew", { rfc: `RFC ${rfc}`, trips })
      : speak.plain("shake_facts", { rfc: `RFC ${rfc}`, trips, again })),
    element("ol", { class: "steps" }, ...steps.map((step) => stepOf(step, kind, speak))));
}

/** @param {Step} step @param {"get" | "websocket"} kind @param {Speaker} speak */
function stepOf({ from, what, stream, lines }, kind, speak) {
  const where = stream === null || stream === undefined ? [] : [" · ", speak.plain("on_stream", { number: stream })];
  return element("li", { class: `step ${from}` },
    element("p", { class: "who" }, element("b", {}, speak.plain(`from_${from}`)), " · ", code(what), ...where),
    element("ul", { class: "lines" }, ...lines.map((line) => {
      const key = keysOf(line, { kind, from, what }).find((each) => each in speak.language.texts);
      return element("li", {}, code(line), ...(key ? [element("span", { class: "why" }, speak.plain(key))] : []));
    })));
}
