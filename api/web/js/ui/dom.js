// Builds DOM elements. Text is always text, so nothing in a pin's event can become markup.

/**
 * An element `tag` (`"button.quiet"`: with classes). Attributes are set as such; `on` takes listeners; false, null and
 * undefined leave an attribute out. Children are nodes or text; what is null or false is left out.
 */
export function element(tag, attributes = {}, ...children) {
  const [name, ...classes] = tag.split(".");
  const node = document.createElement(name);
  if (classes.length) node.className = classes.join(" ");
  const { on = {}, ...rest } = attributes;
  for (const [attribute, value] of Object.entries(rest)) {
    if (value !== false && value !== null && value !== undefined)
      node.setAttribute(attribute, value === true ? "" : value);
  }
  for (const [event, listener] of Object.entries(on)) node.addEventListener(event, listener);
  node.append(...children.flat().filter((child) => child !== null && child !== false && child !== undefined));
  return node;
}

/** A button that calls `act`; attributes as for `element`. */
export function button(tag, act, attributes, ...children) {
  return element(`button${tag}`, { type: "button", ...attributes, on: { click: act } }, ...children);
}

/** A link within the page: router.js handles the click. */
export function link(tag, address, attributes, ...children) {
  return element(`a${tag}`, { href: address, ...attributes }, ...children);
}

/** Replaces the children of `parent`; if one had the focus, the new one with the same text gets it. */
export function refill(parent, children) {
  const had = [...parent.children].find((child) => child.contains(document.activeElement));
  parent.replaceChildren(...children);
  if (had) [...parent.children].find((child) => child.textContent === had.textContent)?.focus({ preventScroll: true });
}

/** Places `node` over `box` (fractions) of its parent. */
export function placeOver(node, [left, top, right, bottom]) {
  Object.assign(node.style, {
    left: `${left * 100}%`,
    top: `${top * 100}%`,
    width: `${(right - left) * 100}%`,
    height: `${(bottom - top) * 100}%`,
  });
}
