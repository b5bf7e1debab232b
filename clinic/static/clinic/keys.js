// What Unfold opens by a click on something that is no button can be reached and pressed by keys.
(() => {
  const SYMBOLS = { dock_to_right: "sideBar", close: "close", more_horiz: "more" };
  const INSIDE = "a[href], button, input:not([type=hidden]), select, [tabindex='0']";

  function menuOf(toggle) {
    return toggle.getAttribute("x-on:click").startsWith("filterOpen = true")
      ? document.getElementById("changelist-filter")
      : toggle.parentElement.querySelector(":scope > nav");
  }

  function reach(root) {
    for (const one of root.querySelectorAll("[x-on\\:click]")) {
      const words = one.textContent.trim();
      if (one.matches(`${INSIDE}, summary, textarea`) || !words) continue;  // an area, say
      one.tabIndex = 0;
      one.setAttribute("role", "button");
      const name = one.title || document.getElementById("symbols")?.dataset[SYMBOLS[words]];
      if (name) one.setAttribute("aria-label", name);
      one.addEventListener("keydown", press);
    }
    // A symbol is drawn from letters, which nobody wants read beside what it stands for.
    for (const symbol of root.querySelectorAll(".material-symbols-outlined")) {
      const around = symbol.closest("a, button, [role=button]")?.textContent.trim() ?? "";
      if (around.length > symbol.textContent.trim().length) symbol.ariaHidden = "true";
    }
  }

  // Into what it opens, which may stand far from it, and back.
  function press(event) {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    const toggle = event.currentTarget, menu = menuOf(toggle);
    toggle.click();
    if (!menu) return;
    setTimeout(() => menu.checkVisibility() && menu.querySelector(INSIDE)?.focus(), 100);
    menu.onkeydown = (pressed) => {
      if (pressed.key !== "Escape") return;
      if (menu.tagName === "NAV") toggle.click();  // the other one hears it by itself
      toggle.focus();
    };
  }

  document.addEventListener("DOMContentLoaded", () => reach(document));
  document.addEventListener("htmx:load", (event) => reach(event.target));
})();
