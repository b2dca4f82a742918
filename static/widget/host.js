/* The page around us. We speak only with our parent window, and only under the origin that embedded us. */

const KNOWN = {
  hello: {
    token: ["string", "null"], fresh: ["boolean"], kept: ["object"], open: ["boolean"], page: ["object"], color: ["string", "null"], locale: ["string", "null"],
    consent: ["boolean", "null", "undefined"], asks: ["boolean", "undefined"], proactive: ["object", "null", "undefined"],
  },
  shown: { open: ["boolean"], page: ["object"], proactive: ["object", "null", "undefined"] },
  page: { page: ["object"] },
  identify: { token: ["string"] },
  consent: { given: ["boolean"] },
  look: { color: ["string", "null", "undefined"], locale: ["string", "null", "undefined"] },
};

/** Listen to the host and tell it that we are here, and what else `word` says; null when the widget's page was opened by itself. */
export function meetHost(hears, word = {}) {
  if (window.parent === window) return null;
  const origin = hostOrigin();
  const tell = (message) => origin && window.parent.postMessage({ makegood: 1, ...message }, origin);
  addEventListener("message", ({ source, origin: from, data }) => {
    if (source !== window.parent || from !== origin || !isKnown(data)) return;
    hears[data.type](data);
  });
  tell({ type: "ready", ...word });
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
