/** Has the service worker keep the page, so that it opens without a network: sw.js says how. The page needs none of it. */

/** Trusted types let a worker come from nowhere else. */
const script = () => {
  const types = /** @type {any} */ (globalThis).trustedTypes;
  return types?.createPolicy("worker", { createScriptURL: () => "sw.js" }).createScriptURL("") ?? "sw.js";
};

/** Once the page has all it needs. @param {() => void} onKept there was no network to open this very page with */
export async function keepPage(onKept) {
  const { serviceWorker } = navigator;
  if (!serviceWorker) return; // the context is not secure, or the window a private one
  serviceWorker.addEventListener("message", ({ data }) => { if (data === "kept") onKept(); });
  serviceWorker.controller?.postMessage("loaded");
  await serviceWorker.register(script()).catch(() => {});
}
