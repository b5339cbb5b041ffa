/** What the page asks of the gateway. A request that fails throws an Error whose text can be shown. */

const ACTION = { "x-local-gateway": "inspector", "content-type": "text/plain;charset=utf-8" };

export const state = () => ask("state");

export const rows = (table, start) => ask(`tables/${encodeURIComponent(table)}?start=${encodeURIComponent(start)}`);

export const post = (key, id, text) => ask(pathOf(key, id), { method: "POST", headers: ACTION, body: text });

export const cut = (key, id) => ask(pathOf(key, id), { method: "DELETE", headers: ACTION });

export const faults = () => ask("faults");

export const putFaults = (text) => ask("faults", { method: "PUT", headers: ACTION, body: text });

function pathOf(key, id) {
  return `connections/${key.split("/").map(encodeURIComponent).join("/")}/${encodeURIComponent(id)}`;
}

async function ask(path, options) {
  let response;
  try {
    response = await fetch(path, { ...options, signal: AbortSignal.timeout(15_000) });
  } catch {
    throw new Error("The gateway does not answer");
  }
  const answer = await response.json().catch(() => ({ error: `The gateway answered ${response.status}` }));
  if (!response.ok) throw new Error(answer.error);
  return answer;
}

/**
 * Follow the journal from where `from()` says. `on` has `entries(list)`, `gap(missed)`, `status(text)`. A stream that
 * breaks is taken up again by the browser where it was. Returns what ends it.
 */
export function follow(from, on) {
  let source;
  let again;
  const begin = () => {
    source = new EventSource(`events?after=${encodeURIComponent(from())}`);
    source.addEventListener("open", () => on.status("live"));
    source.addEventListener("entries", ({ data }) => on.entries(JSON.parse(data)));
    source.addEventListener("gap", ({ data }) => on.gap(JSON.parse(data).missed));
    source.addEventListener("error", () => {
      on.status("lost");
      if (source.readyState === EventSource.CLOSED) again = setTimeout(begin, 2000);
    });
  };
  begin();
  return () => {
    clearTimeout(again);
    source.close();
  };
}
