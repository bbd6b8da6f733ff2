// The serial console of an instance: a terminal over a WebSocket. It is loaded when it is opened.

import { FitAddon } from "./addon-fit.js";
import { element, kept, one } from "./common.js";
import { withToken } from "./stream.js";
import { Terminal } from "./xterm.js";

const PROTOCOL = "diskdock-console";
// A page can give a WebSocket no headers: the token goes among its protocols, which have few characters.
const TOKEN_PROTOCOL = "diskdock-token.";
// The server takes messages of up to 4 KiB.
const PIECE = 4096;
const LINES_KEPT = 5000;

const hexadecimal = (text) => Array.from(new TextEncoder().encode(text), (byte) => byte.toString(16).padStart(2, "0")).join("");

const dark = matchMedia("(prefers-color-scheme: dark)");

// The page's policy allows no styles that are written as text, as the terminal writes them. Sheets
// made by scripts it allows, and properties that scripts set.
function sheetInsteadOfStyle(make) {
  const sheet = new CSSStyleSheet();
  const node = make("template");
  Object.defineProperty(node, "textContent", { set: (text) => sheet.replaceSync(text) });
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  return node;
}

function obeyPolicy() {
  const make = document.createElement.bind(document);
  document.createElement = (name, ...options) => (name === "style" ? sheetInsteadOfStyle(make) : make(name, ...options));
  const set = Element.prototype.setAttribute;
  Element.prototype.setAttribute = function (name, value) {
    if (name === "style") this.style.cssText = value;
    else set.call(this, name, value);
  };
}

function loadStyle() {
  const link = element("link", { rel: "stylesheet", href: new URL("./xterm.css", import.meta.url).href });
  const loaded = new Promise((done) => link.addEventListener("load", done));
  document.head.append(link);
  return loaded;
}

function theme() {
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const [background, foreground, accent] = ["--paper", "--ink", "--accent"].map(colour);
  const shades = dark.matches ? {} : { white: "#5c6370", brightWhite: "#2b303b", yellow: "#8a6100", brightYellow: "#8a6100", brightBlack: "#5c6370", brightGreen: "#1a7f37", brightCyan: "#0b7285" };
  return { background, foreground, cursor: accent, cursorAccent: background, selectionBackground: `${accent}55`, ...shades };
}

// Why there is no console, in the words of the server; nothing if there is one.
async function refusal(id) {
  const response = await fetch(`/_diskdock/console/${encodeURIComponent(id)}`, { headers: withToken(), cache: "no-store" });
  if (response.ok) return undefined;
  const { error, hint } = await response.json();
  return response.status === 403 ? `${error}. The console page takes the token.` : `${error}. ${hint}`;
}

const inWords = ({ omitted, unread }) =>
  omitted ? `${omitted} bytes are left out here: too slow for the guest` : `${unread} bytes were thrown away: the guest takes no input`;

class Panel {
  constructor(section, id) {
    this.id = id;
    const find = (name) => one(name, section);
    [this.state, this.alert, this.box, this.open, this.close] = [".terminal-state", ".terminal-refusal", ".serial", ".open", ".close"].map(find);
    this.open.addEventListener("click", () => this.connect());
    this.close.addEventListener("click", () => this.socket?.close(1000));
  }

  tell(text, on) {
    this.state.textContent = text;
    for (const shown of [this.state, this.box]) {
      shown.classList.toggle("on", on);
      shown.classList.toggle("off", !on);
    }
    this.open.hidden = on;
    this.close.hidden = !on;
  }

  async prepare() {
    if (this.terminal) return;
    obeyPolicy();
    await loadStyle();
    const mono = getComputedStyle(document.documentElement).getPropertyValue("--mono").trim();
    this.terminal = new Terminal({ fontFamily: mono || "monospace", fontSize: 14, scrollback: LINES_KEPT, theme: theme(), screenReaderMode: false, minimumContrastRatio: 4.5 });
    const fit = new FitAddon();
    this.terminal.loadAddon(fit);
    this.box.hidden = false;
    this.terminal.open(this.box);
    this.terminal.textarea.setAttribute("aria-label", `Console of ${this.id}. Control and ] leaves it.`);
    new ResizeObserver(() => fit.fit()).observe(this.box);
    dark.addEventListener("change", () => (this.terminal.options.theme = theme()));
    const encoder = new TextEncoder();
    this.terminal.onData((text) => this.type(encoder.encode(text)));
    this.terminal.onBinary((text) => this.type(Uint8Array.from(text, (one) => one.charCodeAt(0))));
    // Tab goes to the guest, so there has to be another way out.
    this.terminal.attachCustomKeyEventHandler((event) => {
      if (!event.ctrlKey || event.key !== "]") return true;
      if (event.type === "keydown") (this.close.hidden ? this.open : this.close).focus();
      return false;
    });
  }

  type(bytes) {
    if (this.socket?.readyState !== WebSocket.OPEN) return;
    for (let at = 0; at < bytes.length; at += PIECE) this.socket.send(bytes.subarray(at, at + PIECE));
  }

  remark(text) {
    this.terminal.write(`\r\n\x1b[7m ${text} \x1b[0m\r\n`);
  }

  refuse(text) {
    this.alert.replaceChildren(text ? element("p", { class: "notice" }, text) : "");
    if (text) this.tell("Not connected.", false);
  }

  async connect() {
    this.open.disabled = true;
    try {
      const why = await refusal(this.id);
      this.refuse(why);
      if (why) return;
      await this.prepare();
      await this.attach();
    } catch {
      // The reason of a browser may hold what was sent, and with it the token.
      this.refuse("The console cannot be opened. Look whether the server runs, and whether the token is right.");
    } finally {
      this.open.disabled = false;
    }
  }

  // Ends when the WebSocket is open or cannot be.
  attach() {
    const token = kept("token");
    const address = new URL(`/_diskdock/console/${encodeURIComponent(this.id)}`, location.href);
    address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(address, token ? [PROTOCOL, TOKEN_PROTOCOL + hexadecimal(token)] : [PROTOCOL]);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    return new Promise((done) => {
      socket.addEventListener("open", () => {
        this.terminal.reset();
        this.tell("Connected: what you type goes to the guest.", true);
        this.terminal.focus();
        done();
      });
      socket.addEventListener("message", ({ data }) => {
        if (typeof data === "string") this.remark(inWords(JSON.parse(data)));
        else this.terminal.write(new Uint8Array(data));
      });
      socket.addEventListener("close", ({ reason }) => {
        const at = new Date().toLocaleTimeString();
        this.tell(`Disconnected at ${at}${reason ? `: ${reason}` : ""}. What is shown is from before.`, false);
        done();
      });
    });
  }
}

const panels = new Map();

export function openIn(section, id) {
  if (panels.has(id)) return;
  const panel = new Panel(section, id);
  panels.set(id, panel);
  panel.connect();
}
