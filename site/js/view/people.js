/** Who is here: a list beside the log, on narrow screens a drawer (a popover) over it. */
import { avatar, bdi, byId, element, html, setText } from "./dom.js";

/** @import { Speaker, State } from "../types.js" */

const FILTER_FROM = 12;

/** What is typed is found in whichever of its forms it was written. @param {string} text */
const folded = (text) => text.normalize("NFKD").replace(/[\p{M}\u200c]/gu, "").toLowerCase()
  .replaceAll("ي", "ی").replaceAll("ك", "ک");

export function createPeople() {
  const [panel, list, toggle] = [html("people"), html("members"), html("people-toggle")];
  const filter = byId("people-filter", HTMLInputElement);
  const behind = document.querySelectorAll(".bar > :not(.where), .talk");
  /** @type {Map<string, HTMLElement>} */
  let items = new Map();
  /** @type {Speaker | null} */
  let spoken = null;

  const close = () => panel.matches(":popover-open") && panel.hidePopover();
  const sift = () => {
    const wanted = filter.hidden ? "" : folded(filter.value.trim());
    for (const [user, item] of items) item.hidden = !folded(user).includes(wanted);
  };
  filter.addEventListener("input", sift);
  // Before, not after: the focus goes back to the button that opened it.
  panel.addEventListener("beforetoggle", (event) => {
    for (const part of behind) /** @type {HTMLElement} */ (part).inert = /** @type {ToggleEvent} */ (event).newState === "open";
  });
  // From within, the browser gives the focus back by itself; but Tab may have led out of the page meanwhile.
  panel.addEventListener("toggle", (event) => {
    const closed = /** @type {ToggleEvent} */ (event).newState === "closed";
    if (closed && document.activeElement === document.body) toggle.focus();
  });
  matchMedia("(min-width: 52rem)").addEventListener("change", close);

  /** @param {string} user @param {string} me @param {Speaker} speak */
  function draw(user, me, speak) {
    const item = element("li", {}, avatar(user), bdi(user));
    if (user === me) item.append(element("span", { class: "badge" }, speak.plain("you")));
    return item;
  }

  return {
    close,
    /** @param {State} state @param {Speaker} speak */
    show({ users, total, name: me }, speak) {
      const here = speak.plain("people_here", { count: total });
      for (const id of ["people-total", "here"]) setText(html(id), here);
      [toggle.ariaLabel, toggle.title] = [here, here];
      const known = speak === spoken ? items : new Map();
      items = new Map(users.map((user) => [user, known.get(user) ?? draw(user, me, speak)]));
      spoken = speak;
      list.replaceChildren(...items.values());
      filter.hidden = users.length < FILTER_FROM;
      sift();
      const unlisted = total - users.length;
      setText(html("people-more"), unlisted > 0 ? speak.plain("people_more", { count: unlisted }) : "");
    },
    /** Nobody, of nowhere. */
    clear() {
      close();
      filter.value = "";
      items = new Map();
    },
  };
}
