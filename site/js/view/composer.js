/** Where messages are written: grows with its text, sends on Enter, counts what is left, refuses kindly, keeps a draft. */
import { trim } from "../core/names.js";
import { LIMITS, lengthOf } from "../core/protocol.js";
import { quoteOf, split } from "../core/text.js";
import { byId, html, setText } from "./dom.js";

/** @import { Actions, Speaker } from "../types.js" */

const COUNT_FROM = 200;
const KEEP_WITHIN = 500;

/** @param {Actions} actions @param {() => void} goUp from an empty field, to the messages */
export function createComposer(actions, goUp) {
  const form = byId("composer", HTMLFormElement);
  const field = byId("message", HTMLTextAreaElement);
  const limit = html("limit");
  /** A finger's keyboard has no Shift + Enter: there Enter starts a new line, as in the chats of phones. */
  const finger = matchMedia("(pointer: coarse)");
  /** @type {Speaker | null} */
  let speak = null;
  let keeping = 0;
  let said = "";

  const left = (text = field.value) => LIMITS.content - lengthOf(trim(text));

  function measure() {
    field.style.blockSize = "auto";
    field.style.blockSize = `${field.scrollHeight}px`;
    const remaining = left();
    const over = remaining < 0;
    field.ariaInvalid = String(over);
    const key = over ? "characters_over" : "characters_left";
    const text = (remaining <= COUNT_FROM && speak?.plain(key, { count: Math.abs(remaining) })) || "";
    tell(text, over, text && key);
  }

  /** @param {string} text @param {boolean} over @param {string} what it says: as long as that stays, it is not read out again */
  function tell(text, over, what = text) {
    limit.hidden = text === "";
    limit.classList.toggle("over", over);
    setText(limit, text);
    if (what !== said) setText(html("limit-spoken"), text);
    said = what;
  }

  function keep() {
    clearTimeout(keeping);
    keeping = 0;
    actions.draft(field.value);
  }

  /** @param {string} text */
  function fill(text) {
    field.value = text;
    measure();
  }

  function submit() {
    const content = trim(field.value);
    if (content !== "" && left() >= 0) {
      fill("");
      keep();
      actions.send(content);
    }
    field.focus();
  }

  /**
   * Nothing is cut in silence: what does not fit is not taken, and what was there stays.
   * @param {Event} event @param {DataTransfer | null} data
   */
  function take(event, data) {
    const text = data?.getData("text/plain").replaceAll("\r\n", "\n") ?? ""; // as the field will have it
    const { value, selectionStart, selectionEnd } = field;
    const [before, after] = [value.slice(0, selectionStart), value.slice(selectionEnd)];
    const isFile = text === "" && (data?.files.length ?? 0) > 0;
    if (!isFile && (text === "" || left(before + text + after) >= 0)) return;
    event.preventDefault();
    const room = Math.max(0, left(before + after));
    tell(speak?.plain(isFile ? "text_only" : "paste_too_long", { count: lengthOf(text), room }) ?? "", true);
    field.focus();
  }

  field.addEventListener("input", () => {
    measure();
    if (keeping === 0) keeping = window.setTimeout(keep, KEEP_WITHIN);
  });
  field.addEventListener("keydown", (event) => {
    if (event.key === "ArrowUp" && field.value === "") {
      event.preventDefault();
      return goUp();
    }
    // 229 is how some browsers mark the Enter that only ends a composition.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    if (finger.matches && !event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    submit();
  });
  field.addEventListener("paste", (event) => take(event, event.clipboardData));
  field.addEventListener("drop", (event) => take(event, event.dataTransfer));
  // A file that is dropped beside the field would take the page's place.
  document.addEventListener("dragover", (event) => { if (event.dataTransfer?.types.includes("Files")) event.preventDefault(); });
  document.addEventListener("drop", (event) => {
    if (!event.defaultPrevented && event.dataTransfer?.types.includes("Files")) take(event, event.dataTransfer);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
  });
  const named = () => { field.enterKeyHint = finger.matches ? "enter" : "send"; };
  finger.addEventListener("change", named);
  named();
  addEventListener("pagehide", () => { if (keeping) keep(); });
  document.addEventListener("visibilitychange", () => { if (keeping) keep(); });

  return {
    focus: () => field.focus(),
    /** @param {string} draft */
    open: fill,
    close() {
      if (keeping) keep();
    },
    /** One message is answered at a time: its quote takes the place of another. @param {string} name @param {string} content */
    reply(name, content) {
      fill(quoteOf(name, content) + split(field.value).text);
      keep();
      field.focus();
      field.setSelectionRange(field.value.length, field.value.length);
      field.scrollTop = field.scrollHeight;
    },
    /** @param {Speaker} speaker */
    setSpeaker(speaker) {
      speak = speaker;
      measure();
    },
  };
}
