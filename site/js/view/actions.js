/**
 * What one does with a message. One set of buttons goes to the message that is pointed at, tapped, or walked to by keys.
 * For the keyboard the log is one stop: arrows move from message to message, Tab goes to the links and buttons of the one.
 */
import { button, element, html, icon } from "./dom.js";
import { copy } from "./share.js";
import { toast } from "./toast.js";

/** @import { MessageRow, Speaker } from "../types.js" */

/** What an element of the log says. @type {WeakMap<Element, MessageRow>} */
export const rowOf = new WeakMap();

const STEPS = new Map([["ArrowUp", -1], ["ArrowDown", 1], ["Home", -Infinity], ["End", Infinity]]);

/** @param {{reply(name: string, content: string): void, leave(): void}} options where one writes; and back there */
export function createMessageActions({ reply, leave }) {
  const [log, rows, jump] = ["log", "rows", "jump"].map(html);
  const buttons = new Map([["reply", answer], ["copy", copyIt]].map(([name, act]) => {
    const made = button("tool tiny", "", /** @type {() => void} */ (act));
    made.append(icon(String(name)));
    return [String(name), made];
  }));
  const set = element("div", { class: "actions" }, ...buttons.values());
  /** The message that has the buttons. @type {Element | null} */
  let current = null;
  /** @type {Speaker} */
  let speak;
  let byTouch = false;
  /** Without, a mouse is only what a browser makes of a finger. */
  const hovers = matchMedia("(any-hover: hover)");

  const messageAt = (/** @type {unknown} */ target) => (target instanceof Element ? target.closest(".message") : null);
  const isWalked = () => rows.querySelector(":focus-visible") !== null;

  /** @param {Element | null} message */
  function show(message) {
    if (message === current && (message === null || message.contains(set))) return;
    const reach = (/** @type {number} */ tabIndex) =>
      current?.querySelectorAll("a").forEach((link) => Object.assign(link, { tabIndex }));
    reach(-1);
    current = message;
    reach(0);
    if (message === null) set.remove();
    else message.querySelector(".said")?.append(set);
  }

  /** @param {HTMLElement} message */
  function walkTo(message) {
    message.tabIndex = -1;
    message.focus({ preventScroll: true });
    message.scrollIntoView({ block: "nearest" });
  }

  /** @param {number} step from the message at hand; where there is none, to the last in sight */
  function walk(step) {
    if (step === Infinity && !jump.hidden) jump.click();
    const all = /** @type {HTMLElement[]} */ ([...rows.querySelectorAll(".message")]);
    const bottom = log.getBoundingClientRect().bottom;
    const at = all.findIndex((message) => message.contains(document.activeElement));
    const from = Math.abs(step) === 1 && at === -1 ? all.findLastIndex((message) => message.getBoundingClientRect().top < bottom) : at + step;
    const message = all[Math.min(Math.max(from, 0), all.length - 1)];
    if (message) walkTo(message);
  }

  function answer() {
    const row = current && rowOf.get(current);
    if (row) reply(row.sender, row.content);
    show(null);
  }

  async function copyIt() {
    const [message, focused] = [current, document.activeElement];
    const done = await copy(message && rowOf.get(message)?.content || "");
    toast(speak.plain(done ? "copied" : "copy_failed"));
    if (focused === document.activeElement || !(focused instanceof HTMLElement)) return;
    show(message); // where there is no clipboard, copying takes the focus away
    focused.focus();
  }

  log.addEventListener("keydown", (event) => {
    if (event.key === "Escape") return leave();
    const step = STEPS.get(event.key);
    if (step === undefined || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    if (!rows.querySelector(".message")) return;
    event.preventDefault();
    walk(step);
  });
  log.addEventListener("focusin", ({ target }) => {
    log.tabIndex = target === log ? 0 : -1;
    if (target instanceof Element && target.matches(":focus-visible")) show(messageAt(target));
  });
  log.addEventListener("focusout", ({ relatedTarget }) => {
    // Whoever goes to another window finds the focus where it was.
    if (!document.hasFocus() || (relatedTarget instanceof Node && log.contains(relatedTarget))) return;
    log.tabIndex = 0;
    show(null);
  });
  log.addEventListener("pointerdown", ({ pointerType }) => { byTouch = pointerType !== "mouse"; });
  log.addEventListener("pointerover", ({ pointerType, target }) => {
    const message = messageAt(target);
    if (pointerType === "mouse" && hovers.matches && message && message !== current && !isWalked()) show(message);
  });
  log.addEventListener("pointerleave", ({ pointerType }) => { if (pointerType === "mouse" && !isWalked()) show(null); });
  log.addEventListener("click", ({ target }) => {
    if (!byTouch || !(target instanceof Element) || target.closest("a, button") || !getSelection()?.isCollapsed) return;
    const message = messageAt(target);
    show(message === current ? null : message);
    set.scrollIntoView({ block: "nearest" });
  });
  set.addEventListener("pointerdown", (event) => event.preventDefault()); // the focus stays where it is

  return {
    walk,
    clear: () => show(null),
    /** @param {Speaker} speaker */
    setSpeaker(speaker) {
      speak = speaker;
      for (const [name, made] of buttons) made.ariaLabel = made.title = speak.plain(name);
    },
  };
}
