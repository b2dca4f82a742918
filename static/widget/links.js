/* Message text as nodes: links can be pressed, everything else is text. */

const LINK = /\b(?:https?:\/\/|mailto:|www\.)[^\s<>"'`\u0000-\u0020\u200b-\u200f\u2028-\u202e\u2060-\u2069]+|[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}/gi;
const SCHEMES = ["http:", "https:", "mailto:"];

/** A fragment with the text and its links. */
export function withLinks(text) {
  const fragment = document.createDocumentFragment();
  let at = 0;
  for (const match of text.matchAll(LINK)) {
    const shown = trimmed(match[0]);
    const link = linkTo(shown);
    if (!link) continue;
    fragment.append(text.slice(at, match.index), link);
    at = match.index + shown.length;
  }
  fragment.append(text.slice(at));
  return fragment;
}

/** The full stop or bracket after an address belongs to the sentence. */
function trimmed(address) {
  let shown = address.replace(/[.,;:!?*_~]+$/, "");
  while (/[)\]}]$/.test(shown) && count(shown, /[([{]/g) < count(shown, /[)\]}]/g)) shown = shown.slice(0, -1).replace(/[.,;:!?]+$/, "");
  return shown;
}

function linkTo(shown) {
  const full = /^(https?:|mailto:)/i.test(shown) ? shown : shown.includes("@") && !/^www\./i.test(shown) ? `mailto:${shown}` : `https://${shown}`;
  const link = anchor(full);
  if (link) link.textContent = shown;
  return link;
}

/** A link to a whole address that opens beside the page; null if it may not lead there. */
export function anchor(address) {
  let url;
  try {
    url = new URL(address);
  } catch {
    return null;
  }
  if (!SCHEMES.includes(url.protocol)) return null;
  const link = document.createElement("a");
  link.href = url.href;
  link.target = "_blank";
  link.rel = "noopener nofollow";
  return link;
}

function count(text, pattern) {
  return (text.match(pattern) || []).length;
}
