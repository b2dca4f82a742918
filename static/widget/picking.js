/* The ways in for files: a button, the camera, a drop anywhere on the panel, the clipboard. */
import { make, part } from "./dom.js";
import { menuOf } from "./menu.js";

/** `take(files)` gets what somebody has picked, `warm()` hears that they are about to. */
export function offerPicking({ say, take, warm }) {
  const button = part("attach");
  for (const name of ["pointerenter", "focus"]) button.addEventListener(name, warm);
  const [any, camera] = [part("pick"), part("camera")];
  button.hidden = false;
  for (const input of [any, camera]) {
    input.addEventListener("change", () => {
      take([...input.files]);
      input.value = ""; // the same file may be picked again
    });
  }
  if (matchMedia("(pointer: coarse)").matches) menuOf({ button, menu: part("ways"), choose: (way) => (way === "photo" ? camera : any).click(), allowed: () => true });
  else button.addEventListener("click", () => any.click());
  addEventListener("paste", (event) => {
    const files = filesOf(event.clipboardData);
    if (!files.length) return;
    event.preventDefault();
    take(files);
  });
  catchDrops({ say, take, warm });
}

function catchDrops({ say, take, warm }) {
  const veil = make("div", "veil", say("drop"));
  veil.hidden = true;
  document.body.append(veil);
  let depth = 0; // entered elements that were not left yet
  const show = (change) => {
    depth = change ? Math.max(0, depth + change) : 0;
    veil.hidden = depth === 0;
  };
  const onFiles = (handle) => (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    handle(event);
  };
  addEventListener("dragenter", onFiles(() => {
    warm();
    show(1);
  }));
  addEventListener("dragleave", onFiles(() => show(-1)));
  addEventListener("dragover", onFiles(({ dataTransfer }) => (dataTransfer.dropEffect = "copy")));
  addEventListener("drop", onFiles(({ dataTransfer }) => {
    show(0);
    take(filesOf(dataTransfer));
  }));
}

/** Files only: a folder has no size that can be read, and text is pasted as text. */
function filesOf(transfer) {
  const isFolder = (item) => item.webkitGetAsEntry?.()?.isDirectory;
  return [...(transfer?.items || [])].filter((item) => item.kind === "file" && !isFolder(item)).map((item) => item.getAsFile()).filter(Boolean);
}
