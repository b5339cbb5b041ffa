/** The settings. All of them are off until somebody wants them. */
import { byId, html } from "./dom.js";

/** @import { createMemory } from "../memory.js" */

/** @param {ReturnType<typeof createMemory>} memory */
export function createMenu({ recall, keep }) {
  const [notify, sound] = [byId("notify", HTMLInputElement), byId("sound", HTMLInputElement)];
  const canNotify = "Notification" in globalThis && "serviceWorker" in navigator;
  /** @type {any} */
  let offer = null;

  html("notify-row").hidden = !canNotify;
  notify.checked = canNotify && recall("notify") === "on" && Notification.permission === "granted";
  sound.checked = recall("sound") === "on";

  notify.addEventListener("change", async () => {
    const isGranted = notify.checked && await Notification.requestPermission() === "granted";
    html("notify-denied").hidden = !notify.checked || isGranted;
    notify.checked = isGranted;
    keep("notify", isGranted ? "on" : "");
  });
  sound.addEventListener("change", async () => {
    keep("sound", sound.checked ? "on" : "");
    if (sound.checked) await (await import("../attention.js")).chime(); // so that one knows it, and it may be heard later
  });

  addEventListener("beforeinstallprompt", (event) => {
    event.preventDefault();
    offer = event;
    html("install").hidden = false;
  });
  html("install").addEventListener("click", () => {
    html("install").hidden = true;
    void offer.prompt();
  });
}
