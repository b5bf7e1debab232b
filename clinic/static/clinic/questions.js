// “No to all the rest” of a questionnaire: only after every question was on the screen. With the
// keyboard N and Y answer the question that has the focus, and lead to the next one.
addEventListener("DOMContentLoaded", () => {
  const rest = document.querySelector("[data-rest]")
  if (!rest) return
  const [button, told] = rest.children
  const groups = [...document.querySelectorAll("[data-group]")]
  const asked = groups.flatMap(group => [...group.querySelectorAll(".ask")])
  const unseen = new Set(asked)
  const said = document.getElementById("ask-words").dataset
  const filled = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name])
  const isOpen = one => !one.querySelector(".ask-answers :checked")

  const tell = () => {
    const hidden = groups.filter(group => asked.some(one => unseen.has(one) && group.contains(one)))
    const open = asked.filter(isOpen).length
    button.disabled = hidden.length > 0 || open === 0
    const words = hidden.length
      ? filled(said.hidden, { groups: hidden.map(group => group.dataset.group).join(", ") })
      : open ? filled(said.open, { n: open, all: asked.length }) : said.done
    if (told.textContent !== words) told.textContent = words
  }
  const seen = new IntersectionObserver(changes => {
    for (const change of changes) {
      if (!change.isIntersecting) continue
      unseen.delete(change.target)
      seen.unobserve(change.target)
    }
    tell()
  }, { threshold: 0.9 })
  asked.forEach(one => seen.observe(one))
  rest.hidden = false
  tell()
  document.querySelector(".ask-error")?.closest(".ask").scrollIntoView()

  button.addEventListener("click", () => {
    const open = asked.filter(isOpen)
    open.forEach(one => { one.querySelector("[value=no]").checked = true })
    tell()
    told.textContent = filled(said.restNo, { n: open.length })
  })
  document.addEventListener("change", tell)
  document.addEventListener("keydown", event => {
    const row = event.target.closest?.(".ask-answers")?.parentElement
    const value = { n: "no", y: "yes" }[event.key.toLowerCase()]
    if (!row || !value || event.ctrlKey || event.metaKey || event.altKey) return
    event.preventDefault()
    row.querySelector(`[value=${value}]`).checked = true
    tell()
    const asks = value === "yes" && row.querySelector(".ask-last input")
    const next = asked[asked.indexOf(row) + 1]?.querySelector(".ask-answers input") ?? button
    ;(asks || next).focus()
  })
})
