// The browser's own calendar and clock, which fill in the field that they stand in. What they fill
// in is written as the field shows it, 3 Apr 1990 and 14:30, with the months of the page, however
// the browser writes dates.
(() => {
  const monthsOf = (picker) => picker.dataset.months.split(" ");
  const typedIn = (picker) => picker.parentElement.querySelector("input:not([data-picks])");

  function written(picked, months) {
    const day = /^(\d{4})-(\d\d)-(\d\d)$/.exec(picked);
    return day ? `${Number(day[3])} ${months[day[2] - 1]} ${day[1]}` : picked.slice(0, 5);
  }

  // Where the calendar opens: at the date that stands in the field.
  function read(typed, months) {
    const words = /^(\d{1,2})\.? +(?:de +)?([a-z]{3})[a-z]*\.? +(?:del? +)?(\d{4})$/i.exec(typed.trim());
    const dots = /^(\d{1,2})\.(\d{1,2})\.(\d{4})$/.exec(typed.trim());
    const pad = (number) => String(number).padStart(2, "0");
    if (words) {
      const month = months.findIndex((name) => name.toLowerCase() === words[2].toLowerCase());
      return month < 0 ? "" : `${words[3]}-${pad(month + 1)}-${pad(words[1])}`;
    }
    return dots ? `${dots[3]}-${pad(dots[2])}-${pad(dots[1])}` : typed.trim();
  }

  document.addEventListener("click", (event) => {
    const picker = event.target.closest?.("[data-picks]");
    if (!picker) return;
    picker.value = read(typedIn(picker).value, monthsOf(picker));
    picker.showPicker?.();
  });

  document.addEventListener("change", (event) => {
    const picker = event.target.closest?.("[data-picks]");
    if (!picker?.value) return;
    const field = typedIn(picker);
    field.value = written(picker.value, monthsOf(picker));
    for (const told of ["input", "change"]) {
      field.dispatchEvent(new Event(told, { bubbles: true }));
    }
  });
})();
