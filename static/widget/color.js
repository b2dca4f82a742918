/* The company's colour as the widget's accent, made readable on light and dark. */

const DEFAULT = "#0d5c49"; // the tokens' own accent has hand-made light and dark values
const SURFACE = { light: "#ffffff", dark: "#1e1d1a" };
const INKS = ["#ffffff", "#1b1a17", "#000000"]; // the first that is readable; one of them always is

/** Relative luminance of #rrggbb, 0 to 1 (WCAG 2.2). */
export function luminance(color) {
  const [r, g, b] = parts(color).map((part) => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** Contrast ratio of two colours, 1 to 21. */
export function contrast(one, other) {
  const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

/** The colour, moved towards ink or paper until it stands out from the surface (3:1), and the text to put on it (4.5:1). */
export function accentOn(color, scheme) {
  const towards = scheme === "dark" ? "#ffffff" : "#000000";
  let accent = color;
  for (let share = 0; contrast(accent, SURFACE[scheme]) < 3 && share <= 1; share += 0.05) accent = mix(color, towards, share);
  return { accent, ink: INKS.find((ink) => contrast(accent, ink) >= 4.5) };
}

/** Set the accent for this document through the style sheet API: a strict Content-Security-Policy allows that. */
export function useAccent(color) {
  document.adoptedStyleSheets = [];
  if (!/^#[0-9a-f]{6}$/i.test(color || "") || color.toLowerCase() === DEFAULT) return;
  const [light, dark] = [accentOn(color, "light"), accentOn(color, "dark")];
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`:root { --accent: light-dark(${light.accent}, ${dark.accent}); --accent-ink: light-dark(${light.ink}, ${dark.ink});
    --accent-soft: color-mix(in srgb, var(--accent) 12%, var(--surface)); --focus: var(--accent) }`);
  document.adoptedStyleSheets = [sheet];
}

function mix(one, other, share) {
  const [from, to] = [parts(one), parts(other)];
  return `#${from.map((part, at) => Math.round(part + (to[at] - part) * share).toString(16).padStart(2, "0")).join("")}`;
}

function parts(color) {
  return [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));
}
