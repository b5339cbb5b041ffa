/** The whole page: bar, tabs, the view of the tab. Views are pure: state in, description out. */

import { h, memo } from "./h.js";
import { tabsOf } from "./state.js";
import { connectionsView } from "./view-connections.js";
import { faultsView } from "./view-faults.js";
import { functionsView } from "./view-functions.js";
import { tablesView } from "./view-tables.js";
import { timelineView } from "./view-timeline.js";

const NAMES = { timeline: "Timeline", connections: "Connections", functions: "Functions", tables: "Tables", faults: "Faults", stack: "Stack" };
const STATUS = { connecting: "Connecting…", live: "Live", lost: "The gateway does not answer, trying again…" };
const VIEWS = {
  timeline: timelineView,
  connections: connectionsView,
  functions: functionsView,
  tables: tablesView,
  faults: faultsView,
  stack: ({ here }) => memo("stack", stackView, here),
};

export function view(state) {
  const { apis, functions, tables, notes } = state.here;
  const counts = {
    connections: apis.reduce((sum, { open }) => sum + open, 0),
    functions: functions.length,
    tables: tables.length,
    stack: notes.length,
  };
  return h("div", { class: "shell" },
    h("header", { class: "bar" },
      h("h1", {}, "Local gateway"),
      h("p", { class: `status ${state.status}`, role: "status" }, h("span", { class: "dot" }), STATUS[state.status]),
      h("div", { class: "tabs", role: "tablist", "aria-label": "Views", on: { keydown: { type: "tab-key" } } },
        tabsOf(state).map((tab) => h("button", {
          key: tab,
          id: `tab-${tab}`,
          class: "tab",
          role: "tab",
          type: "button",
          "aria-selected": String(tab === state.tab),
          "aria-controls": "view",
          tabindex: tab === state.tab ? "0" : "-1",
          on: { click: { type: "tab", tab } },
        }, NAMES[tab], counts[tab] ? h("span", { class: tab === "stack" ? "count warn" : "count" }, String(counts[tab])) : null)))),
    h("main", {}, h("div", { key: state.tab, id: "view", class: `view ${state.tab}`, role: "tabpanel", "aria-labelledby": `tab-${state.tab}`, tabindex: "-1" },
      VIEWS[state.tab](state))));
}

function stackView({ apis, http_apis, functions, notes }) {
  const labels = new Map(functions.map(({ name, label }) => [name, label]));
  const named = (name) => (name ? h("code", {}, labels.get(name) ?? name) : h("span", { class: "soft" }, "none"));
  const guard = (route) => (route.authorizer ? named(route.authorizer) : route.authorization === "NONE" ? h("span", { class: "soft" }, "open") : route.authorization);
  return h("div", { class: "page" },
    notes.length ? h("section", {},
      h("h2", {}, "Not as in the cloud"),
      h("ul", { class: "notes" }, notes.map(({ line, id, text }) => h("li", {},
        h("span", { class: "where" }, line ? `line ${line}` : "template"), h("code", {}, id), h("bdi", {}, text))))) : null,
    apis.map((api) => h("section", { key: api.key },
      h("h2", {}, h("code", {}, api.logical_id), h("span", { class: "soft" }, ` /${api.key}`)),
      h("p", { class: "soft" }, "Deployed as ", h("code", {}, `wss://${api.domain}/${api.stage}`), ", routes by ", h("code", {}, api.selection)),
      h("div", { class: "scroll" }, h("table", {},
        h("thead", {}, h("tr", {}, ["Route", "Function", "Authorization", "Answers"].map((name) => h("th", { scope: "col" }, name)))),
        h("tbody", {}, api.routes.map((route) => h("tr", {},
          h("th", { scope: "row" }, h("code", {}, route.key)),
          h("td", {}, route.function ? named(route.function) : h("span", { class: "soft" }, route.integration ?? "no integration")),
          h("td", {}, guard(route), route.api_key ? " + API key" : ""),
          h("td", {}, route.responds ? "yes" : h("span", { class: "soft" }, "no"))))))))),
    http_apis.map((api) => h("section", { key: api.key },
      h("h2", {}, h("code", {}, api.logical_id), h("span", { class: "soft" }, ` /${api.key}`)),
      h("p", { class: "soft" }, "Deployed as ", h("code", {}, `https://${api.domain}/${api.stage === "$default" ? "" : api.stage}`)),
      h("div", { class: "scroll" }, h("table", {},
        h("thead", {}, h("tr", {}, ["Route", "Function", "Authorization", "Payload"].map((name) => h("th", { scope: "col" }, name)))),
        h("tbody", {}, api.routes.map((route) => h("tr", {},
          h("th", { scope: "row" }, h("code", {}, route.key)),
          h("td", {}, route.function ? named(route.function) : h("span", { class: "soft" }, "no integration")),
          h("td", {}, guard(route)),
          h("td", {}, route.payload ?? "")))))))),
    h("section", {},
      h("h2", {}, "Functions"),
      h("div", { class: "scroll" }, h("table", {},
        h("thead", {}, h("tr", {}, ["Function", "Handler", "Timeout", "Memory"].map((name) => h("th", { scope: "col" }, name)))),
        h("tbody", {}, functions.map((each) => h("tr", {},
          h("th", { scope: "row" }, h("code", { title: each.name }, each.label)), h("td", {}, h("code", {}, each.handler)),
          h("td", { class: "number" }, `${each.timeout} s`), h("td", { class: "number" }, `${each.memory} MB`))))))));
}

