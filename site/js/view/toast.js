/** A word on what was just done, that goes by itself. It is a live region, so it is read out as well. */
import { html } from "./dom.js";

const STAYS = 3_000;
let timer = 0;

/** @param {string} text */
export function toast(text) {
  const place = html("toast");
  clearTimeout(timer);
  place.textContent = text;
  timer = window.setTimeout(() => { place.textContent = ""; }, STAYS);
}
