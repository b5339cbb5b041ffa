/** The entry screen, and the choice of a language. */
import { byId, element, nodes, setText } from "./dom.js";
import { LANGUAGES } from "../i18n.js";

/** @import { Speaker, Told } from "../types.js" */

/** @param {{enter(name: string, room: string): void, speakIn(code: string): void}} actions */
export function createEntry(actions) {
  const html = (/** @type {string} */ id) => byId(id, HTMLElement);
  const name = byId("name", HTMLInputElement);
  const room = byId("room", HTMLInputElement);
  const language = byId("language", HTMLSelectElement);
  /** @type {Told | null} */
  let shown = null;

  for (const [code, label] of LANGUAGES) language.append(element("option", { value: code, lang: code }, label));
  language.addEventListener("change", () => actions.speakIn(language.value));
  html("entry-form").addEventListener("submit", (event) => {
    event.preventDefault();
    actions.enter(name.value, room.value);
  });

  return {
    /** @param {Told} told @param {Speaker} speak */
    show(told, speak) {
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
    /** @param {{name?: string, room?: string}} values */
    fill(values) {
      name.value = values.name ?? name.value;
      room.value = values.room ?? room.value;
    },
    /** It is in sight from now on. */
    focus() {
      document.body.dataset.view = "entry";
      document.title = "Parley";
      html("entry").hidden = false;
      (name.value === "" ? name : html("enter")).focus();
    },
    hide() {
      html("entry").hidden = true;
    },
  };
}
