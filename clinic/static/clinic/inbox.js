// Fetch the page again and put in front what is not shown yet; what is open stays open.
const list = document.getElementById("messages");
const known = () => new Set([...list.querySelectorAll("[data-id]")].map(m => m.dataset.id));
setInterval(async () => {
  if (document.hidden) return;
  const answer = await fetch(location.href).catch(() => null);
  if (!answer || !answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  const seen = known();
  const added = [...fresh.querySelectorAll("[data-id]")].filter(m => !seen.has(m.dataset.id));
  if (!added.length) return;
  list.querySelector(".empty")?.remove();
  list.prepend(...added);
}, 2000);
