// What is pasted from a web page, as Markdown: the same few things that a message may have, and else its text.
const SILENT = ["script", "style", "template", "title", "head", "noscript", "svg", "img", "button", "select", "textarea"]
const BLOCKS = ["p", "table", "section", "article", "figure", "header", "footer", "main"]
const ROWS = ["div", "tr", "dt", "dd", "address"]
const MEANT = "a[href^=http], a[href^=mailto], b, strong, i, em, s, del, ul, ol, blockquote, code, pre, h1, h2, h3, h4, h5, h6, [style*=font-weight]"
const LONGEST = 500_000   // letters of a page; longer ones are pasted as their text

/** Markdown, or nothing if the text alone says as much. The parsed page is inert: nothing of it runs or loads. */
export function toMarkdown(html) {
  if (!html || html.length > LONGEST) return ""
  const { body } = new DOMParser().parseFromString(html, "text/html")
  if (!body.querySelector(MEANT)) return ""
  return tidy(convert(body, 0))
}

const tidy = (text) => text.replace(/[ \t]+\n/g, "\n").replace(/\n[ \t]+(?=\n)/g, "\n").replace(/\n{3,}/g, "\n\n").trim()
const inside = (node, depth) => [...node.childNodes].map((child) => convert(child, depth + 1)).join("")
const literal = (text) => text.replace(/\s+/g, " ").replace(/[\\`*[\]<]/g, "\\$&").replace(/(^|\W)_|_(?=\W|$)/g, (found) => found.replace("_", "\\_"))

/** A sign on both sides of the words, not of the spaces around them. */
function wrap(sign, text) {
  const [, before, words, after] = text.match(/^(\s*)([\s\S]*?)(\s*)$/)
  return words ? before + sign + words + sign + after : text
}

const weight = ({ style }) => style.fontWeight === "bold" ? 700 : Number(style.fontWeight) || (style.fontWeight ? 400 : 0)
const isBold = (node) => weight(node) >= 600 || (["b", "strong"].includes(node.localName) && weight(node) !== 400)

function convert(node, depth) {
  if (node.nodeType === Node.TEXT_NODE) return literal(node.data)
  if (node.nodeType !== Node.ELEMENT_NODE || depth > 200 || SILENT.includes(node.localName)) return ""
  const tag = node.localName
  if (tag === "br") return "\n"
  if (tag === "pre") return `\n\n\`\`\`\n${node.textContent.trimEnd()}\n\`\`\`\n\n`
  if (tag === "code") return node.textContent.includes("`") ? literal(node.textContent) : wrap("`", node.textContent)
  const words = inside(node, depth)
  if (tag === "a") return linked(node, words)
  if (tag === "ul" || tag === "ol") return `\n\n${items(node, depth)}\n\n`
  if (tag === "blockquote") return `\n\n${tidy(words).replace(/^/gm, "> ")}\n\n`
  if (/^h[1-6]$/.test(tag)) return `\n\n${wrap("**", words.replaceAll("**", "").replace(/\s+/g, " "))}\n\n`
  if (tag === "td" || tag === "th") return `${words} `
  if (BLOCKS.includes(tag)) return `\n\n${words}\n\n`
  if (ROWS.includes(tag)) return `\n${words}\n`
  if (words.includes("\n\n")) return words   // Docs wrap whole pages in a <b>
  if (isBold(node)) return wrap("**", words)
  if (tag === "i" || tag === "em") return wrap("*", words)
  return tag === "s" || tag === "del" ? wrap("~~", words) : words
}

function linked(node, words) {
  const address = node.getAttribute("href") ?? "", shown = tidy(words).replace(/\s+/g, " ")
  if (!/^(https?:\/\/|mailto:)[^\s()<>]+$/i.test(address) || !shown) return words
  return node.textContent.trim() === address ? address : `[${shown}](${address})`
}

function items(list, depth) {
  let number = list.start > 0 ? list.start : 1
  const rows = [...list.children].filter(({ localName }) => localName === "li")
  return rows.map((row) => {
    const mark = list.localName === "ol" ? `${number++}. ` : "- "
    return mark + tidy(inside(row, depth + 1)).replace(/\n+/g, `\n${" ".repeat(mark.length)}`)
  }).join("\n")
}
