"use strict";

// Without a script the codes can be marked and printed as any text can.
const copy = document.querySelector("[data-copy]");
const print = document.querySelector("[data-print]");
if (copy && navigator.clipboard) {
  copy.hidden = false;
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(copy.dataset.copy).innerText);
    document.getElementById("copied").textContent = copy.dataset.copied;
  });
}
if (print) {
  print.hidden = false;
  print.addEventListener("click", () => window.print());
}
