/** Long polling: the server holds each request until there is something to tell, or the time is over. */
import { startPoller } from "./poller.js";

/** @import { Entry, Poller, TransportEvents } from "../types.js" */

const WAIT = 25; // seconds; the most that the server holds a request
const TOO_SOON = 3_000; // who answers "nothing" as soon as this holds none
const CUTS = 2;

/** @param {Entry} entry @param {TransportEvents} events */
export const start = (entry, events) => startPoller(entry, events, (poller) => poll(poller, entry));

/** @param {Poller} poller @param {Entry} entry */
async function poll(poller, { pace }) {
  for (let cuts = 0; !poller.isOver();) {
    const [wait, askedAt] = [pace?.wait ?? WAIT, performance.now()];
    const outcome = await poller.poll(wait);
    const isSoon = performance.now() - askedAt < Math.min(TOO_SOON, wait * 500);
    const isCut = outcome === "failed" || outcome === "quiet" && isSoon;
    cuts = isCut ? cuts + 1 : 0;
    // Where a short request fails as well, it is not the length that something in between does not like.
    if (outcome === "failed" && await poller.poll(0) === "failed") poller.end("lost");
    else if (cuts === CUTS) poller.end("cut");
  }
}
