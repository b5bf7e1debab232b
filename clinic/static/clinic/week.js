// A visit that is dragged to another day, or to somebody else, opens what “Move…” opens, filled in by
// where it was dropped. Nothing moves before that is sent; by rooms, it stays in its room.
addEventListener("DOMContentLoaded", () => {
  const table = document.querySelector(".week")
  if (!table) return
  let dragged = null
  const show = cell => {
    table.querySelector(".week-over")?.classList.remove("week-over")
    cell?.classList.add("week-over")
  }
  const cellAt = event => {
    const cell = event.target.closest("td[data-to]")
    if (!dragged || !cell || cell === dragged.closest("td")) return null
    const stays = cell.parentElement === dragged.closest("tr")
    return stays || cell.parentElement.dataset.with ? cell : null
  }
  table.addEventListener("dragstart", event => {
    dragged = event.target.closest?.("[data-move]") ?? null
    if (!dragged) return
    event.dataTransfer.effectAllowed = "move"
    event.dataTransfer.setData("text/plain", "")
    dragged.classList.add("week-dragged")
  })
  table.addEventListener("dragover", event => {
    const cell = cellAt(event)
    show(cell)
    if (cell) event.preventDefault()
  })
  table.addEventListener("drop", event => {
    const cell = cellAt(event)
    if (!cell) return
    event.preventDefault()
    const asked = new URL(dragged.dataset.move, location)
    asked.searchParams.set("to", cell.dataset.to)
    const person = cell.parentElement.dataset.with
    if (person) asked.searchParams.set("with", person)
    location.assign(asked)
  })
  table.addEventListener("dragend", () => {
    dragged?.classList.remove("week-dragged")
    dragged = null
    show(null)
  })
})
