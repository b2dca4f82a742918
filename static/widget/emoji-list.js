/*
 * The emoji that one reaches for when helping somebody: one list for the widget and the workspace. A group's `id` is
 * what each names in its own words; the emoji need no names, since browsers and screen readers know them in every language.
 */
export const groups = [
  { id: "faces", emoji: ["😀", "😄", "😅", "😂", "🙂", "😉", "😊", "😍", "🤗", "🤔", "😐", "😬", "😕", "😟", "😢", "😭", "😠", "😴"] },
  { id: "hands", emoji: ["👍", "👎", "👋", "👏", "🙏", "💪", "👌", "✌️", "🤝", "🙌", "👉", "☝️"] },
  { id: "hearts", emoji: ["❤️", "💚", "💙", "🎉", "✨", "🌟", "🔥", "🎁", "☀️", "🌧️", "🌱", "☕"] },
  { id: "things", emoji: ["📦", "🚚", "🏠", "🛒", "💳", "🧾", "📅", "⏰", "📞", "✉️", "📎", "📷", "🔧", "🔑", "💡"] },
  { id: "signs", emoji: ["✅", "❌", "❗", "❓", "⚠️", "➡️", "🔍", "🔒", "💯"] },
];
