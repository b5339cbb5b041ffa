/** Polling: a short request every few seconds, more often while people talk. */
import { startPoller } from "./poller.js";

/** @import { Entry, Poller, TransportEvents } from "../types.js" */

const SOONEST = 1_000;
const LATEST = 5_000;

/** @param {Entry} entry @param {TransportEvents} events */
export const start = (entry, events) => startPoller(entry, events, (poller) => poll(poller, entry));

/** @param {Poller} poller @param {Entry} entry */
async function poll(poller, { pace }) {
  for (let pause = SOONEST; !poller.isOver();) {
    const soonest = () => pace?.soonest ?? SOONEST;
    const within = () => Math.min(Math.max(pause, soonest()), pace?.latest ?? LATEST);
    const said = await poller.pause(within);
    const outcome = await poller.poll(0);
    if (outcome === "failed") poller.end("lost");
    pause = said || outcome === "news" ? soonest() : within() * 1.5;
  }
}
