/* A picture as large as the panel, loaded when one is first pressed. */
import { make, makeTool, save } from "./dom.js";

const ARROW = "M10 3v9M6 8.5l4 4 4-4M4 16.5h12";
const CROSS = "m5 5 10 10M15 5 5 15";

/** A modal dialog: the browser keeps the focus in it, closes it on Escape and puts the focus back. */
export function enlarge(file, { blob, url }, say) {
  const dialog = make("dialog", "viewer");
  const image = make("img");
  const bar = make("div", "viewer-bar");
  image.src = url;
  image.alt = file.name;
  bar.append(
    make("bdi", "file-name", file.name),
    makeTool(say("fileSave", file), ARROW, () => save(blob, file.name)),
    makeTool(say("pictureClose"), CROSS, () => dialog.close()),
  );
  dialog.setAttribute("aria-label", file.name);
  dialog.append(bar, image);
  dialog.addEventListener("click", ({ target }) => target === dialog && dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  bar.lastElementChild.focus();
}
