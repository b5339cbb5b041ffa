/** The room: shows a state and turns what a person does into actions. Only what is in this folder touches the page. */
import { createMessageActions } from "./actions.js";
import { createAnnouncer } from "./announcer.js";
import { createComposer } from "./composer.js";
import { avatar, html, setText } from "./dom.js";
import { createLog } from "./log.js";
import { showNotices } from "./notices.js";
import { createPeople } from "./people.js";
import { invite } from "./share.js";

/** @import { Actions, Show, Speaker, State } from "../types.js" */

const SHOWN_BY_LOG = /** @type {const} */ (["log", "reading", "lines", "outbox", "link", "name"]);
const PARTS = ["room-view", "where", "leave", "invite", "people-toggle"];

/** @param {Actions} actions */
export function createView(actions) {
  const announcer = createAnnouncer();
  const people = createPeople();
  const composer = createComposer(actions, () => messages.walk(-1));
  const messages = createMessageActions({ reply: composer.reply, leave: composer.focus });
  const log = createLog(actions);
  /** What is in sight; null where that is another room, or none. @type {State | null} */
  let shown = null;
  /** @type {Speaker | null} */
  let spoken = null;

  html("leave").addEventListener("click", actions.leave);
  for (const id of ["invite", "invite-first"]) html(id).addEventListener("click", () => {
    if (shown && spoken) void invite(shown.room, spoken);
  });

  /** @param {State} state @param {Speaker} speak */
  function render(state, speak) {
    const anew = speak !== spoken || shown === null;
    if (anew) for (const part of [composer, messages]) part.setSpeaker(speak);
    const focused = document.activeElement;
    showRoom(state, speak, shown, anew);
    if (focused && !focused.checkVisibility()) html("log").focus({ preventScroll: true }); // its button has done its work
    announcer.tell(state, speak, shown === null);
    [shown, spoken] = [state, speak];
  }

  /** @param {State} state @param {Speaker} speak @param {State | null} before @param {boolean} anew */
  function showRoom(state, speak, before, anew) {
    setText(html("room-title"), state.room);
    showLink(state, speak);
    if (anew || before?.users !== state.users || before.total !== state.total) people.show(state, speak);
    if (anew || before?.notices !== state.notices) showNotices(state.notices, speak, actions);
    if (!anew && before && SHOWN_BY_LOG.every((part) => before[part] === state[part])) return;
    const { cursor, earlier, messages } = state.log;
    html("empty").hidden = cursor === null || earlier || messages.length + state.outbox.size > 0;
    log.show(state, speak);
    html("log").ariaBusy = String(cursor === null);
    showTitle(state, speak);
  }

  /** @type {Show} */
  const showTitle = ({ reading: { unread }, room }, speak) => {
    const title = `${unread > 0 ? `(${speak.number(unread)}) ` : ""}${room} · Parley`;
    if (document.title !== title) document.title = title;
  };

  /** @type {Show} */
  const showLink = ({ link }, speak) => {
    // The seconds are for the eye only: read out, they would drown everything else.
    const seconds = Math.ceil((link.retryAt - Date.now()) / 1000);
    const cut = link.status === "waiting" || link.status === "offline";
    // Each try after the first is one and the same state to a person.
    const key = `link_${link.status === "connecting" && (link.everOpen || link.failures > 0) ? "waiting" : link.status}`;
    html("link").dataset.status = link.status;
    setText(html("link-spoken"), speak.plain(key));
    setText(html("link-text"), cut && seconds > 0 ? speak.plain(`${key}_in`, { count: seconds }) : speak.plain(key));
    const plainly = link.transport === "websocket";
    const [via, why] = plainly ? ["", ""] : [speak.plain(`via_${link.transport}`), speak.plain(`why_${link.transport}`)];
    setText(html("via"), via);
    html("via").title = why;
    setText(html("via-spoken"), plainly ? "" : `${via}. ${why}`);
    html("offline-note").hidden = !cut;
    setText(html("offline-note"), cut ? speak.plain(`note_${link.status}`) : "");
  };

  return {
    render,
    /** @param {State} state @param {Speaker} speak @param {string} draft */
    open(state, speak, draft) {
      document.body.dataset.view = "room";
      html("room-face").replaceChildren(avatar(state.room));
      for (const id of PARTS) html(id).hidden = false;
      render(state, speak);
      composer.open(draft);
      composer.focus();
    },
    close() {
      composer.close();
      messages.clear();
      log.clear();
      shown = null;
      announcer.stop();
      people.clear();
      for (const id of PARTS) html(id).hidden = true;
    },
  };
}
