/* What the team wrote with lists and emphasis. The server has made it safe; here only what is listed is built anew, node by node. */
import { anchor } from "./links.js";

const ELEMENTS = ["p", "br", "strong", "em", "s", "code", "pre", "blockquote", "ul", "ol", "li"];
const SILENT = ["script", "style", "template", "noscript", "title"]; // what they hold is not text
const DEEPEST = 40;

/** The message as nodes. The parsed page is inert: nothing in it runs or loads. */
export function rich(html) {
  const words = document.createElement("div");
  words.className = "rich";
  copy(new DOMParser().parseFromString(html, "text/html").body, words, 0);
  return words;
}

function copy(from, to, depth) {
  for (const node of from.childNodes) {
    if (node.nodeType === Node.TEXT_NODE) to.append(node.data);
    if (node.nodeType !== Node.ELEMENT_NODE || depth > DEEPEST || SILENT.includes(node.localName)) continue;
    const made = build(node);
    if (made) to.append(made);
    copy(node, made || to, depth + 1);
  }
}

/** The same element, if it is one that a message may have; else null, and only its text is shown. */
function build(node) {
  if (node.localName === "a") return anchor(node.getAttribute("href") || "");
  if (!ELEMENTS.includes(node.localName)) return null;
  const made = document.createElement(node.localName);
  if (node.localName === "ol" && node.start > 1) made.start = node.start;
  return made;
}
