// Which names fit what is typed: all its letters in order, best where they begin words or stand together.

const clean = (text) => text.toLowerCase().normalize("NFKD").replace(/\p{M}/gu, "")

/** How well a name fits: {score, marks: places of the letters}; null if it does not. */
export function match(name, words) {
  const letters = [...name].map((letter) => clean(letter) || letter), wanted = [...clean(words).replace(/\s+/g, "")]
  const whole = letters.join("").indexOf(clean(words))
  if (whole >= 0 && letters.every((letter) => letter.length === 1)) {
    const isStart = whole === 0 || /\W/.test(letters[whole - 1])
    return { score: 1000 + (isStart ? 200 : 0) + (whole === 0 ? 100 : 0) - name.length, marks: new Set(Array.from(clean(words), (_, place) => whole + place)) }
  }
  const marks = new Set()
  let score = 0, at = 0, last = -2
  for (const letter of wanted) {
    // The beginning of a word is meant rather than the next such letter, if there is one.
    const starts = letters.findIndex((one, place) => place >= at && one === letter && (place === 0 || /[\s(/:,-]/.test(letters[place - 1])))
    const next = letters.indexOf(letter, at)
    if (next < 0) return null
    const place = next === last + 1 || starts < 0 ? next : starts
    score += place === last + 1 ? 8 : place === starts ? 6 : 1
    marks.add(place)
    last = place
    at = place + 1
  }
  return score >= wanted.length * 4 ? { score: score * 10 - name.length, marks } : null   // scattered letters fit anything
}

/** Those that fit, the best first; what also fits another way (`also`) counts a little less. */
export function rank(commands, words) {
  const fits = []
  for (const one of commands) {
    const own = match(one.name, words), other = own ? null : match(`${one.also ?? ""} ${one.name}`, words)
    if (own) fits.push({ ...one, ...own })
    else if (other) fits.push({ ...one, score: other.score - 150 })
  }
  return fits.sort((one, other) => other.score - one.score)
}
