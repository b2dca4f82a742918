// Two soft notes, made here: no file, nothing to fetch. Silent where it is switched off, before the first touch of the
// page (browsers allow no sound until then), and in all tabs but one.

const NOTES = [[659.25, 0], [880, 0.16]]   // Hz, seconds after the start
const LENGTH = 0.5, LOUDNESS = 0.12
let context = null

function wake() {
  context ??= new AudioContext()
  if (context.state === "suspended") context.resume().catch(() => {})
}
for (const name of ["pointerdown", "keydown"]) document.addEventListener(name, wake, { passive: true })

const isOn = () => document.documentElement.dataset.sound !== "off"

function play() {
  const start = context.currentTime + 0.02
  for (const [pitch, after] of NOTES) {
    const tone = new OscillatorNode(context, { type: "sine", frequency: pitch }), volume = new GainNode(context, { gain: 0 })
    tone.connect(volume).connect(context.destination)
    volume.gain.setValueAtTime(0, start + after)
    volume.gain.linearRampToValueAtTime(LOUDNESS, start + after + 0.03)
    volume.gain.exponentialRampToValueAtTime(0.0001, start + after + LENGTH)
    tone.start(start + after)
    tone.stop(start + after + LENGTH)
  }
  document.dispatchEvent(new CustomEvent("desk:chimed"))
}

/** Chime once, in one of the tabs that can. */
export function chime() {
  if (!isOn() || context?.state !== "running") return
  if (!navigator.locks) return play()
  navigator.locks.request("makegood.chime", { ifAvailable: true }, (lock) => {
    if (!lock) return null
    play()
    return new Promise((resolve) => setTimeout(resolve, 1500))   // the others have heard of it by then
  })
}

// Whoever switches it on hears what it is.
document.addEventListener("change", (event) => {
  if (event.target.dataset?.appearance === "sound" && event.target.value === "on") { wake(); context.resume().then(chime) }
})
