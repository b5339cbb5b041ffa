/**
 * The service worker: the page opens without a network, too.
 *
 * The network is asked first, since no file's name says its version: a cache that answers first would put modules of one
 * version beside those of another. What is kept is a copy of the whole shell, taken in one go, and a load (a page, and all
 * that it asks for until it says that it is loaded) is answered either by the network or from that copy:
 *
 * - It begins with the network. Where a file fails or takes longer than PATIENCE, it goes over to the copy for all the
 *   rest, but only while each file that has come so far was the same as in the copy. Else the site has changed meanwhile,
 *   and the load has nothing but the network, as it would without a worker.
 * - What a page asks for after it is loaded (another language, another transport) comes from the copy, which is as old as
 *   the page; a tab that has been open through an update does not get modules of the next version, unless another tab has
 *   loaded that meanwhile.
 * - Once a page is loaded, the files that it did not ask for are compared as well; where one differs, a new copy is taken,
 *   beside the old one, which goes when the new one is complete. So the next load has the new version, with or without
 *   a network.
 *
 * Only what is in FILES is answered and kept, fetched by the worker itself without a query: never /api, /ws or /_local, and
 * nothing that has a ticket. Where the cache is missing, broken or full, everything is as without a worker.
 *
 * A site that is taken away, or goes back to a version without a worker, is rid of it: where the entry is another one and
 * this file is gone, the worker goes as well, and takes along what it kept.
 */
/** @type {ServiceWorkerGlobalScope} */
const worker = /** @type {any} */ (self);

/** All that the chat page is made of, in any language and by any transport; a test compares this with the folder. */
const FILES = [
  "./", "favicon.svg", "room.css", "style.css",
  "js/attention.js", "js/connection.js", "js/drafts.js", "js/i18n.js", "js/main.js", "js/memory.js", "js/offline.js",
  "js/room.js", "js/session.js", "js/tab.js", "js/ticket.js", "js/transport.js",
  "js/core/backoff.js", "js/core/faces.js", "js/core/log.js", "js/core/names.js", "js/core/outbox.js",
  "js/core/protocol.js", "js/core/reading.js", "js/core/span.js", "js/core/state.js", "js/core/sync.js",
  "js/core/text.js", "js/core/timeline.js",
  "js/lang/en.js", "js/lang/fa.js",
  "js/transports/api.js", "js/transports/long-polling.js", "js/transports/poller.js", "js/transports/polling.js",
  "js/transports/websocket.js",
  "js/view/actions.js", "js/view/announcer.js", "js/view/composer.js", "js/view/content.js", "js/view/dom.js",
  "js/view/early.js", "js/view/entry.js", "js/view/frames.js", "js/view/log.js", "js/view/menu.js", "js/view/notices.js",
  "js/view/people.js", "js/view/room.js", "js/view/row.js", "js/view/rows.js", "js/view/share.js", "js/view/toast.js",
];

/**
 * In milliseconds, and once a load, since the rest of it is then answered from the copy. First bytes come well within a
 * second even by mobile networks, so what takes longer than this is most likely to fail; and about now people give up.
 */
const PATIENCE = 3_000;
const PREFIX = "parley.shell.";

const pathOf = (/** @type {string} */ file) => new URL(file, location.href).pathname;
const ENTRY = pathOf("./");
const PATHS = new Set(FILES.map(pathOf));

/** `kept` is answered from the copy, `changed` may not be. @typedef {{kept: boolean, changed: boolean, asked: Set<string>}} Load */
/** By client. @type {Map<string, Load>} */
const loads = new Map();

/** Which of the files is asked for, or "". @param {Request} request */
function shellPath({ method, mode, url }) {
  const { origin, pathname, search } = new URL(url);
  const path = pathname === `${ENTRY}index.html` ? ENTRY : pathname;
  const isOurs = method === "GET" && origin === location.origin && (mode === "navigate" ? path === ENTRY : search === "");
  return isOurs && PATHS.has(path) ? path : "";
}

/** Copies, complete or not, the oldest first. */
const copies = async () => (await caches.keys()).filter((name) => name.startsWith(PREFIX));

/** The oldest copy is complete: when a newer one is, it goes. @param {string} path @returns {Promise<Response | undefined>} */
async function keptFile(path) {
  try {
    const [cacheName] = await copies();
    return await caches.match(path, { cacheName: cacheName ?? PREFIX, ignoreVary: true });
  } catch {
    return undefined;
  }
}

/** A new copy, beside the others; all of it or nothing. Its name. */
async function takeCopy() {
  const name = PREFIX + Date.now();
  try {
    const requests = FILES.map((file) => new Request(file, { cache: "no-cache", redirect: "error" }));
    await (await caches.open(name)).addAll(requests);
    return name;
  } catch (error) {
    // The old copy makes room for one that the next load takes. The page that is open is newer, and can use nothing of it.
    if (error instanceof DOMException && error.name === "QuotaExceededError") await dropCopies();
    else await caches.delete(name);
    throw error;
  }
}

/** @param {string} [spared] */
async function dropCopies(spared) {
  for (const name of await copies()) if (name !== spared) await caches.delete(name);
}

/** What differs between two versions of a file. @param {Response | undefined} response */
const markOf = (response) => response?.headers.get("etag") ?? response?.headers.get("last-modified") ?? null;

/** @param {Response} found @param {Response | undefined} kept */
const areSame = (found, kept) => found.ok && markOf(kept) !== null && markOf(found) === markOf(kept);

/** @param {FetchEvent} event @param {string} path @returns {Promise<Response>} */
async function answer(event, path) {
  const { request, clientId, resultingClientId } = event;
  if (request.mode === "navigate") loads.set(resultingClientId, { kept: false, changed: false, asked: new Set() });
  const load = loads.get(resultingClientId || clientId);
  const kept = keptFile(path);
  if (!load) return await isOfPage(clientId) && await kept || fetch(request);
  if (load.kept) return await kept || fetch(request);

  load.asked.add(path);
  const asked = ask(event);
  const late = new Promise((resolve) => { setTimeout(resolve, PATIENCE); });
  const found = await Promise.race([asked, late]).catch(() => undefined);
  const copy = await kept;
  if (load.kept && copy) return copy; // gone over meanwhile
  if (found && found.status < 500) {
    if (!areSame(found, copy)) load.changed = true;
    if (load.changed && path === ENTRY) event.waitUntil(goWithTheSite().catch(() => {}));
    return found;
  }
  if (!copy || load.changed) return asked;
  load.kept = true;
  return copy;
}

/** @param {FetchEvent} event @returns {Promise<Response>} */
async function ask(event) {
  const preloaded = event.preloadResponse.catch(() => undefined); // asked for while the worker started
  event.waitUntil(preloaded);
  return await preloaded || fetch(event.request);
}

/** The lab has modules of the page, too, but is not kept. @param {string} id */
async function isOfPage(id) {
  const client = await worker.clients.get(id);
  return client !== undefined && pathOf(client.url) === ENTRY;
}

async function goWithTheSite() {
  const { status } = await fetch("sw.js", { cache: "no-store" });
  if (status !== 404 && status !== 410) return;
  await dropCopies();
  await worker.registration.unregister();
}

/** Until there is a copy as new as the page, that goes on as it began. @param {Client} client a page that has all it needs for now */
async function loaded(client) {
  const load = loads.get(client.id);
  if (load?.kept) client.postMessage("kept");
  else if (load && (load.changed || await hasChanged(load))) await dropCopies(await takeCopy());
  loads.delete(client.id);
}

/** @param {Load} load */
async function hasChanged({ asked }) {
  const others = [...PATHS].filter((path) => !asked.has(path));
  const same = await Promise.all(others.map(async (path) =>
    areSame(await fetch(path, { cache: "no-cache" }), await keptFile(path))));
  return same.includes(false);
}

worker.addEventListener("install", (event) => {
  void worker.skipWaiting(); // a new list of files counts at once: a copy by the old one could lack some
  event.waitUntil(takeCopy());
});

worker.addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    await dropCopies((await copies()).at(-1));
    await worker.registration.navigationPreload?.enable();
    await worker.clients.claim();
  })());
});

worker.addEventListener("fetch", (event) => {
  const path = shellPath(event.request);
  if (path !== "") event.respondWith(answer(event, path));
});

worker.addEventListener("message", (event) => {
  const client = /** @type {Client} */ (event.source);
  const { room, options } = event.data;
  if (event.data === "loaded") event.waitUntil(loaded(client).catch(() => {}));
  else event.waitUntil(worker.registration.showNotification(room, { ...options, data: client.id }).catch(() => {}));
});

worker.addEventListener("notificationclick", (event) => {
  const { data, tag: room } = event.notification;
  event.notification.close();
  event.waitUntil((async () => {
    const client = await worker.clients.get(data);
    if (client instanceof WindowClient) await client.focus();
    else await worker.clients.openWindow(`./#${encodeURIComponent(room)}`);
  })());
});
