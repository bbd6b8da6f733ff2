// Code and replies with colours: text in, the same text in pieces out, each with a class for what it
// is. It reads words, strings, numbers and comments, as much of a language as that takes.

import { all, element } from "./common.js";

// Text that is longer stays as it is: a page is not to wait for its colours.
const MOST = 200_000;

const LINES = String.raw`"(?:\\[^]|[^"\\\n])*"|'(?:\\[^]|[^'\\\n])*'`;
const MANY_LINES = String.raw`"(?:\\[^]|[^"\\])*"|'[^']*'`;
const TEMPLATE = "`(?:\\\\[^]|[^`\\\\])*`";
const TRIPLE = String.raw`"""[^]*?"""`;
const SLASHES = String.raw`\/\/.*|\/\*[^]*?\*\/`;
const HASH = "#.*";
// In a shell, a # in a word or behind a $ is none.
const HASH_APART = String.raw`(?<![^\s;(])#.*`;

const C_WORDS = "break case catch class continue default do else enum false finally for if interface new null private protected public return static switch this throw true try void while ";
const SHELL_WORDS = "break case continue declare do done elif else esac exit export fi for function if in local printf readonly return set shift then trap until while";

const languages = {
  python: read(HASH, `${TRIPLE}|${LINES}`, "and as assert async await break class continue def del elif else except False finally for from global if import in is lambda None nonlocal not or pass raise return True try while with yield"),
  java: read(SLASHES, `${TRIPLE}|${LINES}`, `${C_WORDS}abstract boolean byte char double extends final float implements import instanceof int long package record short super throws var`),
  go: read(SLASHES, `${LINES}|\`[^\`]*\``, "break case chan const continue default defer else error fallthrough false for func go goto if import interface map nil package range return select struct switch true type var"),
  typescript: read(SLASHES, `${LINES}|${TEMPLATE}`, `${C_WORDS}as async await boolean const export extends from function import in instanceof let number of readonly string type typeof undefined unknown var`),
  php: read(`${SLASHES}|${HASH}`, MANY_LINES, `${C_WORDS}array as const declare echo exit extends fn foreach function implements namespace require strict_types use int string bool`),
  csharp: read(SLASHES, `[$@]*(?:${LINES})`, `${C_WORDS}abstract as async await base bool const decimal double foreach get in int internal is long namespace object out override readonly ref sealed set string struct throw using var virtual`),
  cli: read(HASH_APART, MANY_LINES, SHELL_WORDS),
  terraform: read(`${HASH}|${SLASHES}`, LINES, "data dynamic false for if in lifecycle locals module null output provider required_providers resource terraform true variable"),
  json: read("(?!)", LINES, "true false null", String.raw`"(?:\\.|[^"\\])*"(?=\s*:)`),
};
languages.curl = languages.cli;

function read(comment, string, words, name = "(?!)") {
  const pieces = new RegExp(String.raw`(?<comment>${comment})|(?<name>${name})|(?<string>${string})|(?<number>\b(?:0x[\da-fA-F_]+|\d[\d_]*(?:\.\d+)?)\b)|(?<word>[A-Za-z_$][\w$]*)`, "g");
  return { pieces, words: new Set(words.split(" ")) };
}

// What the first named group that matched says; the name of a word is no kind unless it is a keyword.
function kindOf({ groups }, words) {
  const [kind, text] = Object.entries(groups).find(([, found]) => found !== undefined);
  return kind !== "word" ? kind : words.has(text) ? "keyword" : undefined;
}

// The text in pieces, `[kind, text]`; what is between them has no kind.
function* split(text, pieces, words) {
  let end = 0;
  for (const found of text.matchAll(pieces)) {
    if (found.index > end) yield [undefined, text.slice(end, found.index)];
    yield [kindOf(found, words), found[0]];
    end = found.index + found[0].length;
  }
  if (end < text.length) yield [undefined, text.slice(end)];
}

const MARKUP = /(?<comment><!--[^]*?-->|<\?[^]*?\?>)|(?<tag><\/?[\w:.-]+(?:"[^"]*"|'[^']*'|[^"'<>])*>)/g;
const IN_TAG = /(?<tag>^<\/?[\w:.-]+|\/?>$)|(?<name>[\w:.-]+(?=\s*=))|(?<string>"[^"]*"|'[^']*')/g;

// Tags with their attributes, and what stands between them as values of JSON are shown.
function* splitXml(text) {
  for (const [kind, piece] of split(text, MARKUP)) {
    if (kind === "tag") yield* split(piece, IN_TAG);
    else if (kind || !piece.trim()) yield [kind, piece];
    else yield [/^\s*(?:-?\d+(?:\.\d+)?|true|false)\s*$/.test(piece) ? "number" : "string", piece];
  }
}

// The nodes of a text in this language: `python`, `xml`.
export function coloured(language, text) {
  const known = languages[language];
  if (text.length > MOST || (!known && language !== "xml")) return [text];
  const pieces = known ? split(text, known.pieces, known.words) : splitXml(text);
  return [...pieces].map(([kind, piece]) => (kind ? element("span", { class: `code-${kind}` }, piece) : piece));
}

// Gives what the page came with its colours.
export function colourAll() {
  for (const shown of all("pre[data-language]")) shown.replaceChildren(...coloured(shown.dataset.language, shown.textContent));
}
