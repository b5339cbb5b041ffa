/** What went wrong with a stay in the room, with the button that helps beside it. */
import { button, element, html } from "./dom.js";

/** @import { Actions, Notice, Speaker } from "../types.js" */

/** Who is still in the room when the page is loaded again, enters it again. */
const HELP = new Map(/** @type {const} */ ([
  ["action_unknown", "reload"], ["sync_invalid", "reload"],
  ["not_a_member", "enter_again"], ["key_missing", "enter_again"], ["too_many_connections", "enter_again"],
  ["not_admitted", "leave"],
]));

/** @param {Notice[]} notices @param {Speaker} speak @param {Actions} actions */
export function showNotices(notices, speak, actions) {
  html("notices").replaceChildren(...notices.map(({ code, content, hinders }) => {
    const help = HELP.get(/** @type {any} */ (code)) ?? (hinders ? "leave" : "");
    const act = help === "leave" ? actions.leave : actions.reload;
    return element("div", { class: "notice" },
      element("p", { dir: "auto" }, speak.error(code, content)),
      ...(help ? [button("small", speak.plain(help), act)] : []),
      ...(hinders ? [] : [button("small quiet", speak.plain("dismiss"), () => actions.dismiss(code))]));
  }));
}
