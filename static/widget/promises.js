/* What the company promises, with how often it was kept: as the server counted it, or that this says little yet. */
import { make } from "./dom.js";

let shown = [];

/** Above `below`, a paragraph each. */
export function drawPromises(below, promises, say) {
  const lines = promises.map(({ words, kept, of }) => [words, of ? say("promiseKept", { kept, count: of }) : say("promiseNew")]);
  if (JSON.stringify(lines) === JSON.stringify(shown)) return;
  shown = lines;
  for (const old of below.parentNode.querySelectorAll("[data-promise]")) old.remove();
  below.before(...lines.map(([words, share]) => paragraph(words, share)));
}

function paragraph(words, share) {
  const node = make("p", "greeting-away");
  node.dataset.promise = "";
  node.append(make("bdi", "", words), make("br"), make("small", "", share)); // the company's words, in whatever language
  return node;
}
