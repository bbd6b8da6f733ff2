// What all scripts share. Nothing here or elsewhere ever writes HTML from text: elements are made
// one by one, so that user input stays text.

export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value === true) made.setAttribute(key, "");
    else if (value !== false && value != null) made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child != null));
  return made;
}

export const all = (selector, within = document) => [...within.querySelectorAll(selector)];
export const one = (selector, within = document) => within.querySelector(selector);

// Kept for this tab only. A browser that forbids storage keeps it for this page only.
const memory = new Map();

export function keep(name, value) {
  memory.set(name, value);
  try {
    sessionStorage.setItem(`diskdock.${name}`, value);
  } catch {}
}

export function kept(name) {
  try {
    return sessionStorage.getItem(`diskdock.${name}`) ?? memory.get(name);
  } catch {
    return memory.get(name);
  }
}

// The clipboard wants a secure context; elsewhere the older way still works.
export async function copy(text) {
  if (navigator.clipboard && window.isSecureContext) return navigator.clipboard.writeText(text);
  const area = element("textarea", { class: "offscreen", "aria-hidden": "true" });
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

export function copyButton(text, what) {
  const button = element("button", { type: "button", class: "small", "aria-label": `Copy ${what}` }, "Copy");
  button.addEventListener("click", async () => {
    try {
      await copy(typeof text === "function" ? text() : text);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Cannot copy";
    }
    setTimeout(() => (button.textContent = "Copy"), 1500);
  });
  return button;
}

export const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
export const actionHref = (name) => `/explorer/actions/${encodeURIComponent(name)}`;
export const errorHref = (code) => `/explorer/errors/${encodeURIComponent(code)}`;
