/* Nodes by hand: nothing here ever parses HTML. */

const KEPT = 60_000; // ms until a saved file's memory is given back; the browser has read it by then

/** The part of the page that is marked so. */
export const part = (name) => document.querySelector(`[data-part="${name}"]`);

export function make(tag, className = "", text = "") {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text) node.textContent = text;
  return node;
}

export function makeButton(className, text, press) {
  const button = make("button", className, text);
  button.type = "button";
  button.addEventListener("click", press);
  return button;
}

/** A button with a picture only, which therefore has a name and a tooltip. */
export function makeTool(name, path, press) {
  const button = makeButton("tool", "", press);
  button.setAttribute("aria-label", name);
  button.title = name;
  button.append(icon(path));
  return button;
}

/** A line drawing of 20 by 20. */
export function icon(...paths) {
  const svg = draw("svg", { viewBox: "0 0 20 20", fill: "none", stroke: "currentColor", "stroke-width": 1.7, "stroke-linecap": "round", "stroke-linejoin": "round", "aria-hidden": "true" });
  svg.append(...paths.map((d) => draw("path", { d })));
  return svg;
}

function draw(tag, attributes) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

/** Change the text only if it is another one: a screen reader says what changes. */
export function put(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Put the words of one language into the page. */
export function fillWords(say, root = document) {
  for (const node of root.querySelectorAll("[data-say]")) node.textContent = say(node.dataset.say);
  for (const node of root.querySelectorAll("[data-say-hint]")) node.placeholder = say(node.dataset.sayHint);
  for (const node of root.querySelectorAll("[data-say-label]")) {
    node.setAttribute("aria-label", say(node.dataset.sayLabel));
    if (node.matches("button")) node.title = say(node.dataset.sayLabel);
  }
}

/** Let the browser save these bytes under this name. */
export function save(blob, name) {
  const link = make("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), KEPT);
}
