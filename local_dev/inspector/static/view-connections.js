/** The open connections, and one of them: who it is, what it did, a frame to it, its end. */

import { concerns } from "./exchanges.js";
import { ago, count, iso, visible } from "./format.js";
import { h, memo } from "./h.js";
import { exchangeList } from "./view-timeline.js";

export function connectionsView(state) {
  const { here, connection } = state;
  const many = here.apis.length > 1;
  return h("div", { class: `split${connection ? " chosen" : ""}` },
    h("nav", { class: "side", "aria-label": "Connections" }, here.apis.map(({ key, connections, open }) => h("section", { key },
      many && h("h2", {}, `/${key}`, h("span", { class: "soft" }, ` ${open}`)),
      connections.length ? h("ul", {}, connections.map((each) => memo(each.id, entry, key, each, connection?.id === each.id, state.now))) : h("p", { class: "soft" }, "No client is connected."),
      open > connections.length && h("p", { class: "soft" }, `and ${open - connections.length} older ones`)))),
    connection ? detail(state) : h("div", { class: "none wide-only" }, h("p", {}, "Choose a connection to see what it does, to send it a frame, or to cut it.")));
}

function entry(key, { id, source_ip: source, connected_at: connectedAt }, chosen, now) {
  return h("li", {}, h("button", { type: "button", class: "pick", "aria-current": chosen ? "true" : null, on: { click: { type: "connection", key, id } } },
    h("span", { class: "who" }, id), h("span", { class: "soft" }, `${source} · ${ago(now - connectedAt / 1000)}`)));
}

function detail(state) {
  const { key, id } = state.connection;
  const found = state.here.apis.find((api) => api.key === key)?.connections.find((each) => each.id === id);
  const exchanges = [...state.timeline.exchanges.values()].filter((exchange) => concerns(exchange, id));
  return h("section", { key: id, class: "detail", "aria-label": "Connection" },
    h("header", { class: "title" },
      h("button", { type: "button", class: "link narrow-only", on: { click: { type: "connection", id: null } } }, "← All"),
      h("h2", {}, h("span", { class: "who" }, id)),
      found ? h("span", { class: "badge good" }, "open") : h("span", { class: "badge" }, "closed"),
      found && cutter(state.asking)),
    found && h("dl", { class: "facts" },
      fact("From", found.source_ip),
      fact("Client", found.user_agent ?? "did not say"),
      fact("Connected", `${ago(state.now - found.connected_at / 1000)} ago`, iso(found.connected_at / 1000)),
      fact("Last active", `${ago(state.now - found.last_active / 1000)} ago`, iso(found.last_active / 1000)),
      found.query.length > 0 && fact("Query", found.query.map(([name, text]) => `${name}=${text}`).join("\n"))),
    found && sender(state),
    state.outcome && h("p", { class: state.outcome.bad ? "outcome bad" : "outcome", role: "status" }, state.outcome.text),
    exchanges.length ? exchangeList(exchanges, { open: state.open, follow: state.follow, label: "What happened on this connection" })
      : h("p", { key: "none", class: "soft" }, `Nothing of it is among the last ${count(state.timeline.exchanges.size, "exchange")}.`));
}

function fact(name, text, title) {
  return h("div", {}, h("dt", {}, name), h("dd", { title }, h("bdi", {}, visible(text))));
}

function cutter(asking) {
  return asking
    ? h("span", { key: "asking", class: "confirm", role: "group", "aria-label": "Cut this connection?" }, "Cut it?",
      h("button", { type: "button", class: "danger", focus: true, on: { click: { type: "cut" } } }, "Cut"),
      h("button", { type: "button", on: { click: { type: "ask", asking: false } } }, "Keep"))
    : h("button", { key: "ask", type: "button", class: "quiet", on: { click: { type: "ask", asking: true } } }, "Cut…");
}

function sender({ draft }) {
  return h("form", { class: "sender", on: { submit: { type: "send" } } },
    h("label", { class: "visually-hidden", for: "draft" }, "A frame for this connection"),
    h("textarea", { id: "draft", rows: "2", dir: "auto", spellcheck: "false", placeholder: "A frame for this connection", value: draft, on: { input: { type: "draft" }, keydown: { type: "submit-key" } } }),
    h("button", { type: "submit", class: "primary", disabled: draft === "", title: "Ctrl+Enter" }, "Send"));
}
