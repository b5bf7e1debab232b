// Fields that select2 draws have no name of their own: they get that of the field they stand for.
(() => {
  function nameOf(select) {
    return select.labels?.[0]?.textContent.trim() || select.getAttribute("aria-label");
  }

  function nameIn(root) {
    for (const select of root.querySelectorAll("select.select2-hidden-accessible")) {
      const drawn = select.nextElementSibling;
      const selection = drawn?.querySelector(".select2-selection");
      const shown = drawn?.querySelector(".select2-selection__rendered");
      const label = select.labels?.[0];
      const name = nameOf(select);
      if (!selection || !name) continue;
      drawn.querySelector(".select2-search__field")?.setAttribute("aria-label", name);
      if (label && shown?.id) {  // and what is chosen
        label.id ||= `${select.id}-label`;
        shown.setAttribute("aria-labelledby", label.id);
        selection.setAttribute("aria-labelledby", `${label.id} ${shown.id}`);
      } else {
        shown?.setAttribute("aria-label", name);
        selection.setAttribute("aria-label", name);
      }
    }
  }

  function nameSearch(event) {
    const open = ".select2-container--open .select2-dropdown .select2-search__field";
    const name = nameOf(event.target);
    if (name) document.querySelector(open)?.setAttribute("aria-label", name);
  }

  // Asked here, jQuery calls after it has called those who draw.
  document.addEventListener("DOMContentLoaded", () => {
    const $ = window.django?.jQuery;
    $?.(() => nameIn(document));
    $?.(document).on("select2:open", nameSearch);
  });
  document.addEventListener("formset:added", (event) => setTimeout(nameIn, 0, event.target));
})();
