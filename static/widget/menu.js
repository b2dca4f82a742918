/* A menu under a button, by mouse and by keyboard. */

/** A button with a menu under it; `choose(name)` hears what was picked, `allowed(name)` says what can be. */
export function menuOf({ button, menu, choose, allowed }) {
  const items = () => [...menu.querySelectorAll("button:not([hidden])")];
  const show = (isOpen) => {
    menu.hidden = !isOpen;
    button.setAttribute("aria-expanded", isOpen);
    if (!isOpen) return;
    for (const item of menu.querySelectorAll("button")) item.hidden = !allowed(item.dataset.choose);
    items()[0]?.focus();
  };
  button.addEventListener("click", () => show(menu.hidden));
  menu.addEventListener("click", ({ target }) => {
    const name = target.closest("button")?.dataset.choose;
    if (!name) return;
    show(false);
    button.focus();
    choose(name);
  });
  menu.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const list = items();
    list[(list.indexOf(document.activeElement) + step + list.length) % list.length].focus();
  });
  document.addEventListener("click", ({ target }) => !menu.hidden && !menu.contains(target) && !button.contains(target) && show(false));
  menu.addEventListener("focusout", ({ relatedTarget }) => relatedTarget && !menu.contains(relatedTarget) && relatedTarget !== button && show(false));
  return { close: () => !menu.hidden && (show(false), button.focus(), true) };
}
