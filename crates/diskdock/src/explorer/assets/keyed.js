// Keeps a list on the page equal to a list of things and touches only what has changed, so that the
// rest keeps its focus, its selection and its place, however long the list is.

export const PAGE = 100;

// `make` gives the element of a thing, which has an id; `old` is the one that it had, which may be
// given again. A thing that is the very same as before is not looked at again.
export function keyed(parent, make) {
  const shown = new Map();
  const put = (thing) => {
    const old = shown.get(thing.id);
    if (old?.thing === thing) return old.node;
    const text = JSON.stringify(thing);
    if (old?.text === text) {
      old.thing = thing;
      return old.node;
    }
    const node = make(thing, old?.node);
    if (old && old.node !== node) old.node.replaceWith(node);
    shown.set(thing.id, { thing, text, node });
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

// A number of things; of a list that is not whole, there may be more.
export const atLeast = (count, isCut) => (isCut ? `at least ${count}` : String(count));

// Shows the first so many of a list, which `isCut` if there is more of it than is known here; a
// button under it shows more.
export function paged(parent, make, button, again) {
  const show = keyed(parent, make);
  let most = PAGE;
  button.addEventListener("click", () => {
    most += PAGE;
    again();
  });
  return (things, told, isCut) => {
    show(things.slice(0, most).map(told));
    button.hidden = things.length <= most;
    button.textContent = `Show more: ${most} of ${atLeast(things.length, isCut)} are shown`;
  };
}

// Gives a node new children, unless they are made of the same as those that it has.
export function refill(node, of, make) {
  const text = JSON.stringify(of);
  if (node.madeOf === text) return;
  node.madeOf = text;
  node.replaceChildren(...make().filter((child) => child != null));
}

// The texts of each thing, made once: a thing that changes is another one.
const texts = new WeakMap();

function textOf(thing, of) {
  let text = texts.get(thing);
  if (text === undefined) texts.set(thing, (text = of(thing).filter(Boolean).join("\n").toLowerCase()));
  return text;
}

// Tells of a thing whether every word of the filter is in its texts.
export function matching(filter, of) {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  return (thing) => words.every((word) => textOf(thing, of).includes(word));
}
