/**
 * The one module that touches the page: makes it what the views describe, in place, by keys.
 *
 * Text goes in as text nodes and attributes by setAttribute; there is no way from a string to markup.
 */

const PROPERTIES = new Set(["value", "checked", "disabled", "hidden", "selected"]);
const OURS = new Set(["key", "on", "focus", "stick"]);

let emit = () => {};
let root = null;
let scheduled = null;

/** Draw into the page from now on; `receive(action, facts)` is called for each event that a view asked for. */
export function start(receive) {
  emit = receive;
  root = { node: document.getElementById("page"), kids: [] };
}

/** Have what `view()` describes on the page with the next frame, however often this is called before. */
export function draw(view) {
  if (!scheduled) requestAnimationFrame(() => { const now = scheduled; scheduled = null; render(now()); });
  scheduled = view;
}

export function focus(id) {
  document.getElementById(id)?.focus();
}

/** The part of the address after #, which names the tab. */
export function anchor(name) {
  if (name !== undefined) history.replaceState(null, "", `#${name}`);
  return location.hash.slice(1);
}

export function onVisibility(listener) {
  document.addEventListener("visibilitychange", () => listener(!document.hidden));
  return !document.hidden;
}

function render(description) {
  root.kids = patchChildren(root.node, root.kids, [description]);
  for (const node of document.querySelectorAll("[data-stick]")) pin(node);
}

/** Show the end of a list. What comes into view may be higher than it was thought, so it takes a few frames. */
function pin(node, frames = 3) {
  if (node.stick) node.scrollTop = node.scrollHeight;
  node.lastTop = node.scrollTop;
  if (node.stick && frames) requestAnimationFrame(() => pin(node, frames - 1));
}

function create(description) {
  if (typeof description !== "object") {
    return { description: String(description), node: document.createTextNode(String(description)) };
  }
  if (description.view) {
    const inner = create(description.view(...description.args));
    return { description, inner, node: inner.node, key: description.key };
  }
  const node = document.createElement(description.tag);
  const instance = { description, node, key: description.key, kids: [], listening: new Set() };
  // Options come first: a select takes no value that it does not offer.
  instance.kids = patchChildren(node, [], description.children);
  patchProps(instance, {}, description.props);
  if (description.props.focus) queueMicrotask(() => node.focus());
  return instance;
}

/** The instance that shows the description: the same one, changed, where that can be. */
function patch(instance, description) {
  const before = instance.description;
  if (typeof description !== "object") {
    const text = String(description);
    if (before !== text) instance.node.data = text;
    instance.description = text;
  } else if (description.view) {
    if (before.view !== description.view || differ(before.args, description.args)) {
      const made = description.view(...description.args);
      instance.inner = alike(instance.inner, made) ? patch(instance.inner, made) : create(made);
      instance.node = instance.inner.node;
    }
    instance.description = description;
  } else {
    instance.description = description;
    instance.kids = patchChildren(instance.node, instance.kids, description.children);
    patchProps(instance, before.props, description.props);
  }
  return instance;
}

function patchChildren(parent, instances, descriptions) {
  const free = new Map(instances.map((instance, index) => [instance.key ?? index, instance]));
  const made = descriptions.map((description, index) => {
    const name = description.key ?? index;
    const old = free.get(name);
    if (!old || !alike(old, description)) return create(description);
    free.delete(name);
    const node = old.node;
    patch(old, description);
    if (old.node !== node) node.replaceWith(old.node);
    return old;
  });
  for (const left of free.values()) left.node.remove();
  let here = parent.firstChild;
  for (const { node } of made) {
    if (node === here) here = here.nextSibling;
    else parent.insertBefore(node, here);
  }
  return made;
}

function alike(instance, description) {
  const before = instance.description;
  if (typeof description !== "object" || typeof before !== "object") return typeof description !== "object" && typeof before === "string";
  return before.key === description.key && before.tag === description.tag && before.view === description.view;
}

function differ(one, other) {
  return one.length !== other.length || one.some((value, index) => value !== other[index]);
}

function patchProps(instance, before, props) {
  const { node } = instance;
  for (const name of Object.keys(before)) if (!(name in props) && !OURS.has(name)) set(node, name, null);
  for (const [name, value] of Object.entries(props)) {
    if (OURS.has(name)) continue;
    // What a person typed may be ahead of the state, so values are compared with the page itself.
    if (PROPERTIES.has(name) ? node[name] !== value : before[name] !== value) set(node, name, value);
  }
  for (const type of Object.keys(props.on ?? {})) listen(instance, type);
  if ("stick" in props) keepAtEnd(instance, props.stick);
}

function set(node, name, value) {
  if (PROPERTIES.has(name)) node[name] = value ?? (name === "value" ? "" : false);
  else if (value === null || value === undefined || value === false) node.removeAttribute(name);
  else node.setAttribute(name, value === true ? "" : value);
}

function listen(instance, type) {
  if (instance.listening.has(type)) return;
  instance.listening.add(type);
  instance.node.addEventListener(type, (event) => {
    const action = instance.description.props.on?.[type];
    if (!action) return;
    if (type === "submit") event.preventDefault();
    const { value, checked } = event.currentTarget;
    const whole = !String(document.getSelection()) || !event.currentTarget.contains(document.getSelection().anchorNode);
    emit(action, { value, checked, key: event.key, command: event.ctrlKey || event.metaKey, whole, prevent: () => event.preventDefault() });
  });
}

/** Keep the end of a list in view while `stick`; scrolling up by hand lets go of it, down to the end takes it again. */
function keepAtEnd(instance, stick) {
  const { node } = instance;
  node.stick = stick;
  if (node.dataset.stick !== undefined) return;
  node.dataset.stick = "";
  node.addEventListener("scroll", () => {
    const end = node.scrollHeight - node.scrollTop - node.clientHeight < 32;
    const up = node.scrollTop < node.lastTop - 2;
    node.lastTop = node.scrollTop;
    if (end !== node.stick && (end || up)) emit({ type: "follow", value: end }, {});
  }, { passive: true });
}
