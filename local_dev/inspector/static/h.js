/**
 * Descriptions of elements. Views make them, `dom.js` alone turns them into a page, so views are plain functions
 * of the state and can be tested without one.
 *
 *   h("li", { key: 7, class: "row", on: { click: { type: "open", id: 7 } } }, "text")
 *
 * `on` maps events to actions, which are data. `focus: true` takes the focus when the element appears.
 */

export function h(tag, props, ...children) {
  return { tag, key: props?.key, props: props ?? {}, children: children.flat(Infinity).filter(isShown) };
}

/** A part that is made again only when one of its arguments is another one. */
export function memo(key, view, ...args) {
  return { key, view, args };
}

function isShown(child) {
  return child !== null && child !== undefined && child !== false && child !== "";
}
