/** Draws once a frame, however much happens meanwhile. */

/** Where nobody looks there are no frames, but a title to keep: then it is done so soon. */
const UNSEEN = 250;

/** @param {() => void} draw */
export function createFrames(draw) {
  let [frame, timer] = [0, 0];

  function stop() {
    cancelAnimationFrame(frame);
    clearTimeout(timer);
    timer = 0;
  }
  function now() {
    stop();
    draw();
  }
  function soon() {
    if (timer !== 0) return;
    frame = requestAnimationFrame(now);
    timer = window.setTimeout(now, UNSEEN);
  }
  return { soon, now, stop };
}
