/** Where messages are written: grows with its text, sends on Enter, counts what is left, refuses kindly. */
import { byId, setText } from "./dom.js";
import { trim } from "../core/names.js";
import { LIMITS, lengthOf } from "../core/protocol.js";

/** @import { Actions, Speaker } from "../types.js" */

const COUNT_FROM = 200;

/** @param {Actions} actions */
export function createComposer(actions) {
  const form = byId("composer", HTMLFormElement);
  const field = byId("message", HTMLTextAreaElement);
  const limit = byId("limit", HTMLElement);
  /** @type {Speaker | null} */
  let speak = null;

  const left = () => LIMITS.content - lengthOf(trim(field.value));

  function measure() {
    field.style.blockSize = "auto";
    field.style.blockSize = `${field.scrollHeight}px`;
    const remaining = left();
    const over = remaining < 0;
    limit.hidden = remaining > COUNT_FROM;
    limit.classList.toggle("over", over);
    field.ariaInvalid = String(over);
    if (limit.hidden || !speak) return setText(limit, "");
    return setText(limit, speak.plain(over ? "characters_over" : "characters_left", { count: Math.abs(remaining) }));
  }

  function submit() {
    const content = trim(field.value);
    if (content !== "" && left() >= 0) {
      field.value = "";
      actions.send(content);
    }
    measure();
    field.focus();
  }

  field.addEventListener("input", measure);
  field.addEventListener("keydown", (event) => {
    // 229 is how some browsers mark the Enter that only ends a composition.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    submit();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
  });

  return {
    focus: () => field.focus(),
    clear() {
      field.value = "";
      measure();
    },
    /** @param {Speaker} speaker */
    setSpeaker(speaker) {
      speak = speaker;
      measure();
    },
  };
}
