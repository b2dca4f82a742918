// What a script says, in the language of the page. /words/<language>.js brings the words of other languages than English,
// before any module runs.

/** `text`, with the values for its `%(name)s`. Give it the very text: `bin/words` collects it from the source. */
export function gettext(text, values = {}) {
  return fill(window.django?.gettext(text) ?? text, values)
}

/** One of the two, as `count` wants; `%(count)s` is the count. */
export function ngettext(one, many, count, values = {}) {
  return fill(window.django?.ngettext(one, many, count) ?? (count === 1 ? one : many), { count, ...values })
}

/** `text` where the same English word means two things; `context` says which. */
export function pgettext(context, text, values = {}) {
  return fill(window.django?.pgettext(context, text) ?? text, values)
}

const fill = (text, values) => text.replace(/%\((\w+)\)s/g, (whole, name) => values[name] ?? whole)
