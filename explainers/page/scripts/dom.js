// Elements of the document.

// An element with attributes, listeners (on…) and children; null, undefined and false are left out.
export function create(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

// Finds the parts of a panel by their data attribute: parts(root)("list") is the element with data-list.
export function parts(root) {
  return (name) => root.querySelector(`[data-${name}]`);
}

// A table's head: an empty name is a cell without a heading.
export function tableHead(...names) {
  return create("thead", {}, create("tr", {}, ...names.map((name) => (
    name ? create("th", {scope: "col"}, name) : create("td")))));
}
