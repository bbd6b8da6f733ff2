// Keeps a list on the page equal to a list of things and touches only what has changed, so that the
// rest keeps its focus, its selection and its place, however long the list is.

export const PAGE = 100;

// `make` gives the element of a thing, which has an id; `old` is what it replaces.
export function keyed(parent, make) {
  const shown = new Map();
  const put = (thing) => {
    const text = JSON.stringify(thing);
    const old = shown.get(thing.id);
    if (old?.text === text) return old.node;
    const node = make(thing, old?.node);
    old?.node.replaceWith(node);
    shown.set(thing.id, { text, node });
    return node;
  };
  return (things) => {
    const wanted = new Set(things.map(({ id }) => id));
    for (const [id, { node }] of shown) {
      if (wanted.has(id)) continue;
      node.remove();
      shown.delete(id);
    }
    let before = parent.firstElementChild;
    for (const thing of things) {
      const stands = shown.get(thing.id)?.node === before;
      const node = put(thing);
      if (stands) before = node;
      if (node === before) before = node.nextElementSibling;
      else parent.insertBefore(node, before);
    }
  };
}

// Shows the first so many of a list; a button under it shows more.
export function paged(parent, make, button, again) {
  const show = keyed(parent, make);
  let most = PAGE;
  button.addEventListener("click", () => {
    most += PAGE;
    again();
  });
  return (things, told) => {
    show(things.slice(0, most).map(told));
    button.hidden = things.length <= most;
    button.textContent = `Show more: ${most} of ${things.length} are shown`;
  };
}

// Whether every word of the filter is in one of the texts.
export function matches(filter, texts) {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) return true;
  const all = texts().filter(Boolean).join("\n").toLowerCase();
  return words.every((word) => all.includes(word));
}
