/** Handing on a room's link: by the system's own sheet where a finger asks for it, else by the clipboard. */
import { element } from "./dom.js";
import { toast } from "./toast.js";

/** @import { Speaker } from "../types.js" */

const { origin, host, pathname } = location;

/** @param {string} room */
export const linkTo = (room) => `${origin}${pathname}#${encodeURIComponent(room)}`;

/** The same for the eye. @param {string} room */
export const readableLink = (room) => `${host}${pathname}#${room}`;

export const canShare = "share" in navigator;

/** Whether it could be done. @param {string} text */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copySelected(text); // no clipboard where the context is not secure: a laptop's plain address, tried from a phone
  }
}

/** @param {string} text */
function copySelected(text) {
  const before = document.activeElement;
  const field = element("textarea", { class: "visually-hidden", readonly: "" });
  field.value = text;
  document.body.append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  if (before instanceof HTMLElement) before.focus();
  return done;
}

/** @param {string} room @param {Speaker} speak */
export async function copyLink(room, speak) {
  toast(speak.plain(await copy(linkTo(room)) ? "link_copied" : "copy_failed"));
}

/** @param {string} room @param {Speaker} speak */
export async function shareLink(room, speak) {
  try {
    await navigator.share({ title: `${room} · Parley`, url: linkTo(room) });
  } catch (error) {
    // Thinking better of it is none.
    if (!(error instanceof DOMException && error.name === "AbortError")) await copyLink(room, speak);
  }
}

/** By whichever way is at hand. @param {string} room @param {Speaker} speak */
export const invite = (room, speak) =>
  (canShare && matchMedia("(pointer: coarse)").matches ? shareLink : copyLink)(room, speak);
