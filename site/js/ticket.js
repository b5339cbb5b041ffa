/**
 * Tickets: a signed word on who one is, for a chat that asks for it. One comes in the address, `#<room>&ticket=<token>`;
 * later ones from the site's own backend, where index.html names it: <meta name="parley-tickets" content="/backend/ticket">.
 */
const MARK = "&ticket=";
const SUBPROTOCOL = "parley";
const SOONEST = 10_000;
const AGAIN_AFTER = 30_000;
const PATIENCE = 10_000;
const LATEST = 24 * 60 * 60_000; // timers of more than 24 days run at once

/** The room and the ticket in an address's fragment; "" for what it does not have. @param {string} hash */
export function readFragment(hash) {
  const [room = "", token = ""] = hash.slice(1).split(MARK, 2);
  return { room: room.replace(/(?:%[\da-f]{2})+/gi, decoded), token };
}

/** What is no code of a text was typed so. @param {string} codes */
function decoded(codes) {
  try {
    return decodeURIComponent(codes);
  } catch {
    return codes;
  }
}

/** What a token claims; nothing for one that cannot be read. Who trusts it is the server's affair. @param {string} token */
export function claimsOf(token) {
  try {
    const [, payload = ""] = token.split(".");
    const bytes = Uint8Array.from(atob(payload.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
    const claims = JSON.parse(new TextDecoder().decode(bytes));
    return typeof claims === "object" && claims !== null ? claims : {};
  } catch {
    return {};
  }
}

/** @param {string} token @returns {number} in epoch milliseconds; Infinity where it does not say */
const expiryOf = (token) => {
  const { exp } = claimsOf(token);
  return Number.isFinite(exp) ? exp * 1000 : Infinity;
};

/** The subprotocols to offer with a ticket: it is one, so that no address, and no log of addresses, has it. @param {string} token */
export const offered = (token) => (token === "" ? [] : [SUBPROTOCOL, `${SUBPROTOCOL}.ticket.${token}`]);

/**
 * @param {object} options
 * @param {string} options.token the one that is there already, or ""
 * @param {string} options.url of the backend that gives new ones, or ""
 * @param {(token: string) => void} options.keep called with each new one
 * @param {(url: string, init?: RequestInit) => Promise<Response>} [options.ask]
 */
export function createTickets({ token, url, keep, ask = fetch }) {
  let timer = 0;
  let stopped = false;

  /** @param {URLSearchParams} place */
  async function renew(place) {
    clearTimeout(timer);
    try {
      const answer = await ask(`${url}?${place}`, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
      if (!answer.ok) throw new Error(`${answer.status}`);
      const given = (await answer.text()).trim();
      if (stopped) return; // what comes after the room was left is not for the next one
      token = given;
      keep(token);
      const left = expiryOf(token) - Date.now();
      if (left < Infinity) timer = later(place, Math.min(Math.max(SOONEST, left / 2), LATEST));
    } catch {
      if (!stopped) timer = later(place, AGAIN_AFTER); // the one at hand may still be good
    }
  }

  /** @param {URLSearchParams} place @param {number} wait */
  const later = (place, wait) => window.setTimeout(() => renew(place), wait);

  return {
    /** The latest, or "". */
    current: () => token,
    hasExpired: () => token !== "" && expiryOf(token) < Date.now(),
    /** From now on there is a fresh one for that place, if there is a backend. @param {{room: string, name: string}} place */
    async start({ room, name }) {
      if (url !== "") await renew(new URLSearchParams({ room, client: name }));
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
