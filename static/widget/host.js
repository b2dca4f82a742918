/* The page around us. We speak only with our parent window, and only under the origin that embedded us. */

const KNOWN = {
  hello: { token: ["string", "null"], fresh: ["boolean"], kept: ["object"], open: ["boolean"], page: ["object"], color: ["string", "null"], locale: ["string", "null"] },
  shown: { open: ["boolean"], page: ["object"] },
  identify: { token: ["string"] },
  look: { color: ["string", "null"], locale: ["string", "null"] },
};

/** Listen to the host and tell it that we are here; null when the widget's page was opened by itself. */
export function meetHost(hears) {
  if (window.parent === window) return null;
  const origin = hostOrigin();
  const tell = (message) => origin && window.parent.postMessage({ makegood: 1, ...message }, origin);
  addEventListener("message", ({ source, origin: from, data }) => {
    if (source !== window.parent || from !== origin || !isKnown(data)) return;
    hears[data.type](data);
  });
  tell({ type: "ready" });
  return { tell };
}

/** The loader asks for `referrerPolicy="origin"`, so the browser itself says who embedded us. */
function hostOrigin() {
  const named = window.location.ancestorOrigins?.[0] || document.referrer;
  try {
    return new URL(named).origin;
  } catch {
    return null;
  }
}

function isKnown(data) {
  if (!data || data.makegood !== 1 || !Object.hasOwn(KNOWN, data.type)) return false;
  return Object.entries(KNOWN[data.type]).every(([name, types]) => types.includes(data[name] === null ? "null" : typeof data[name]));
}
