// The page is changed in place, so that a new state takes nobody's focus or half-written text away. Text from the server
// becomes text nodes only: there is no innerHTML.

const SVG = "http://www.w3.org/2000/svg";
const keys = new WeakMap();

export const byId = (id) => document.getElementById(id);

export function element(tag, attributes = {}, ...children) {
  return built(document.createElement(tag), attributes, children);
}

export function drawn(tag, attributes = {}, ...children) {
  return built(document.createElementNS(SVG, tag), attributes, children);
}

function built(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

// Without a value the attribute is removed.
export function setAttribute(node, name, value) {
  if (value === null || value === undefined) node.removeAttribute(name);
  else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value);
}

// Makes the children of `parent` the list `items`. A child is kept as long as its key is in the list, and is moved only
// if it is not in its place: a child that is moved loses the focus.
export function keyed(parent, items, { key, create, update }) {
  const old = new Map([...parent.children].map((node) => [keys.get(node), node]));
  removeOthers(old, new Set(items.map(key)));
  let next = parent.firstElementChild;
  for (const item of items) {
    const node = old.get(key(item)) ?? remember(create(item), key(item));
    old.delete(key(item));
    if (node === next) next = next.nextElementSibling;
    else parent.insertBefore(node, next);
    update(node, item);
  }
}

export const keyOf = (node) => keys.get(node);

function remember(node, key) {
  keys.set(node, key);
  return node;
}

function removeOthers(nodes, wanted) {
  for (const [key, node] of nodes) {
    if (!wanted.has(key) && !node.contains(document.activeElement)) node.remove();
  }
}
