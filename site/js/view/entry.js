/** The entry screen, and the choice of a language. */
import { checkName } from "../core/names.js";
import { LANGUAGES } from "../i18n.js";
import { avatar, bdi, byId, element, html, nodes, setText } from "./dom.js";
import { canShare, copyLink, readableLink, shareLink } from "./share.js";

/** @import { Speaker, Told } from "../types.js" */

/** @param {{enter(name: string, room: string): void, speakIn(code: string): void}} actions */
export function createEntry(actions) {
  const name = byId("name", HTMLInputElement);
  const room = byId("room", HTMLInputElement);
  const language = byId("language", HTMLSelectElement);
  /** @type {Told | null} */
  let shown = null;
  /** The name that was not typed. */
  let given = "";
  const form = html("entry-form");
  /** @type {Speaker | null} */
  let spoken = null;

  for (const [code, label] of LANGUAGES) language.append(element("option", { value: code, lang: code }, label));
  language.addEventListener("change", () => actions.speakIn(language.value));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    actions.enter(name.value, room.value);
  });
  name.addEventListener("input", preview);
  room.addEventListener("input", () => {
    form.classList.remove("invited");
    head();
    preview();
  });
  html("copy-link").addEventListener("click", () => handOn(copyLink));
  html("share-link").addEventListener("click", () => handOn(shareLink));
  html("share-link").hidden = !canShare;

  /** The name's and the room's faces, and the link to share, as one types. */
  function preview() {
    const [who, where] = [checkName("client", name.value).value, checkName("room", room.value).value];
    html("name-face").replaceChildren(...(who === undefined ? [] : [avatar(who)]));
    html("room-tile").replaceChildren(...(where === undefined ? [] : [avatar(where)]));
    setText(html("room-link"), where === undefined ? "" : readableLink(where));
  }

  /** @param {typeof copyLink} by */
  function handOn(by) {
    const { value } = checkName("room", room.value);
    if (value !== undefined && spoken) void by(value, spoken);
  }

  /** By a link, which names the room: all that is left to say is who comes. */
  function head() {
    const so = form.classList.contains("invited");
    const [title, lead] = [html("entry-title"), html("entry-lead")];
    lead.dataset.text = so ? "invited" : "tagline";
    if (!spoken) return;
    title.replaceChildren(so ? bdi(room.value) : spoken.plain("entry_title"));
    setText(lead, spoken.plain(lead.dataset.text));
  }

  return {
    /** @param {Told} told @param {Speaker} speak */
    show(told, speak) {
      spoken = speak;
      head();
      language.value = speak.language.code;
      html("you-left").replaceChildren(...(told.left ? nodes(speak.parts("you_left", { room: told.left })) : []));
      setText(html("entry-problem"), told.failed ? speak.plain("load_failed") : "");
      for (const [field, problem] of /** @type {const} */ ([[room, told.room], [name, told.name]])) {
        setText(html(`${field.id}-problem`), problem ? speak.error(problem, "") : "");
        field.ariaInvalid = String(problem !== undefined);
        if (problem && told !== shown) field.focus(); // the first one, in the end; not where only the language changes
      }
      shown = told;
    },
    /** Of what there is no help for, "" for nothing. @param {string} text */
    note(text) {
      setText(html("entry-note"), text);
      html("entry-note").hidden = text === "";
    },
    /** @param {{name?: string, room?: string, invited?: boolean}} values */
    fill(values) {
      if (values.name) name.value = given = values.name; // else, somebody may have begun to type already
      room.value = values.room ?? room.value;
      if (values.room !== undefined) form.classList.toggle("invited", values.invited ?? false);
      head();
      preview();
    },
    /** It is in sight from now on. */
    focus() {
      delete document.documentElement.dataset.returning;
      document.body.dataset.view = "entry";
      document.title = "Parley";
      html("entry").hidden = false;
      (given !== "" && name.value === given ? html("enter") : name).focus();
    },
    hide() {
      html("entry").hidden = true;
    },
  };
}
