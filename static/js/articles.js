// Choosing an article, with what may answer the customer first. What is chosen becomes a link where the cursor is.
import { chooser } from "./chooser.js"
import { put } from "./formatting.js"

const articles = chooser({
  name: "articles",
  list: "article-options",
  address: (form) => form.dataset.articles,
  chosen: () => articles.current(),
  take,
})

/** Not glued to what stands before it. */
function take({ dataset: { words } }, form) {
  const field = form.elements.body, { value, selectionStart: from, selectionEnd: to } = field
  articles.close()
  put(field, (/\S$/.test(value.slice(0, from)) ? " " : "") + words, from, to)
}

document.addEventListener("click", (event) => {
  const opener = event.target.closest?.("[data-choose-article]")
  if (opener) articles.isOpen() ? articles.close() : articles.open(opener.form)
})
