// A signature drawn with a finger, a pen or a mouse: its strokes go into a field of the form, as the
// path of a picture that is 600 wide and 200 high.
addEventListener("DOMContentLoaded", () => {
  const pad = document.querySelector("[data-signature]")
  if (!pad) return
  const most = 20_000
  const path = pad.querySelector("path")
  const field = document.querySelector("[name=signature]")
  let last = null

  const draw = strokes => {
    field.value = strokes
    path.setAttribute("d", strokes)
  }
  const place = event => {
    const box = pad.getBoundingClientRect()
    const on = (value, size) => Math.round(Math.min(Math.max(value, 0), 1) * size)
    return `${on((event.clientX - box.left) / box.width, 600)} ${on((event.clientY - box.top) / box.height, 200)}`
  }
  pad.addEventListener("pointerdown", event => {
    event.preventDefault()
    pad.setPointerCapture(event.pointerId)
    last = place(event)
    draw(`${field.value}M${last}L${last}`)
  })
  pad.addEventListener("pointermove", event => {
    const now = last && place(event)
    if (!now || now === last || field.value.length + now.length >= most) return
    last = now
    draw(`${field.value}L${now}`)
  })
  for (const end of ["pointerup", "pointercancel"]) pad.addEventListener(end, () => { last = null })
  document.querySelector("[data-clear]").addEventListener("click", () => draw(""))
})
