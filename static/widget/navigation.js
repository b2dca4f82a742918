/* Pages that change without being loaded anew (single-page applications). Events only: nothing here ever polls. */

const SETTLED = 200; // ms after a change, when such pages have set their title

/** Call `moved()` after the address has changed; returns the way to stop. */
export function watchPage(moved) {
  let shown = location.href;
  let timer;
  const look = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (location.href === shown) return;
      shown = location.href;
      moved();
    }, SETTLED);
  };
  const stops = [() => clearTimeout(timer), hear(window, "popstate", look), hear(window, "hashchange", look)];
  if (window.navigation?.addEventListener) stops.push(hear(window.navigation, "currententrychange", look));
  else stops.push(...["pushState", "replaceState"].map((name) => follow(name, look)));
  return () => stops.forEach((stop) => stop());
}

/** The address as we pass it on: without the fragment, which may carry secrets. */
export function currentPage() {
  return { url: location.href.split("#")[0].slice(0, 2000), title: document.title.slice(0, 200) };
}

function hear(target, name, listener) {
  target.addEventListener(name, listener);
  return () => target.removeEventListener(name, listener);
}

/** For browsers without the Navigation API: the page's own call, and then a look. */
function follow(name, look) {
  const original = history[name];
  const followed = function (...values) {
    const result = original.apply(this, values);
    look();
    return result;
  };
  history[name] = followed;
  return () => {
    if (history[name] === followed) delete history[name]; // somebody wrapped it after us: then ours must stay
  };
}
