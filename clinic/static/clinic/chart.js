// The page of a chart: steps, what is typed is kept and looked at by the rules, a press changes only
// its part, the scanner finds its field, and nothing is lost while the network is away.
(() => {
  const page = document.getElementById("chart");
  const state = document.getElementById("chart-state");
  if (!page) return;
  const words = document.getElementById("chart-words").dataset;
  const fault = (name) => Object.assign(new Error(words[name]), { told: name });
  const WAIT = 500, AGAIN = 5000, LONGEST = 15000;
  let unsaved = false, waiting = 0, sending = false, more = false;
  const form = () => page.querySelector("form");
  const clock = () => new Date().toTimeString().slice(0, 5);
  const say = (text, bad) => { state.textContent = text; state.classList.toggle("chart-bad", Boolean(bad)); };
  const isOpen = () => form()?.querySelector("[name=do][value=sign]");

  const signs = (what) => [...page.querySelectorAll("[data-signs]")].find((one) => one.dataset.signs === what);

  async function send(what) {
    const body = new FormData(form());
    body.set("do", what);
    for (const one of page.querySelectorAll("[data-signs]")) if (one.dataset.signs !== what) body.delete(one.name);
    if (page.dataset.options && signs(what)?.value === "") body.set("passkey", await shown());
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), LONGEST);
    try {
      const answer = await fetch(page.dataset.address, { method: "POST", body, headers: { "X-Chart": "1" }, signal: stop.signal });
      if (answer.redirected) throw fault("loggedOut");
      if (!answer.ok) throw fault("noAnswer");
      return answer;
    } finally { clearTimeout(timer); }
  }

  async function shown() {
    try {
      return await window.answerOfPasskey(page.dataset.options);
    } catch {
      throw fault("noPasskey");
    }
  }

  // In its new place, with what was typed since and the keyboard where it was.
  function put(place, html, kept) {
    const had = document.activeElement;
    const at = had && page.contains(had) ? had.id || (had.name && `[name="${CSS.escape(had.name)}"][value="${CSS.escape(had.value)}"]`) : "";
    const ends = had?.selectionStart;
    place.innerHTML = html;
    for (const [name, value] of kept) {
      const field = place.querySelector(`:is(input[type=text], input[type=password])[name="${CSS.escape(name)}"]`);
      if (field) field.value = value;
    }
    const again = at && (at.startsWith("[") ? page.querySelector(at) : document.getElementById(at));
    if (again && again !== document.activeElement) {
      again.focus({ preventScroll: true });
      if (ends != null && again.setSelectionRange) again.setSelectionRange(ends, ends);
    }
    mark();
  }

  // Which zones have a depth, and of which something is to be decided: on the map and in the list.
  function mark() {
    const open = new Set([...page.querySelectorAll("[data-open]")].map((one) => one.dataset.open));
    for (const one of page.querySelectorAll("[data-zone]")) {
      const row = document.getElementById(`zone-${one.dataset.zone}`);
      const depth = row && [...row.querySelectorAll("[name$=depth_mm]")].some((field) => field.value.trim());
      one.classList.toggle("is-charted", Boolean(depth));
      one.classList.toggle("is-open", open.has(one.dataset.zone));
      const says = one.querySelector("[data-says]");
      if (says) says.textContent = [...page.querySelectorAll(`[data-open="${CSS.escape(one.dataset.zone)}"] > [data-message]`)].map((found) => found.dataset.message).join(" ");
    }
    for (const one of page.querySelectorAll("[data-since]")) {
      one.textContent = Math.max(0, Math.floor((Date.now() - Date.parse(one.dataset.since)) / 60000));
    }
  }

  function touch() {
    if (!isOpen()) return;
    unsaved = true;
    clearTimeout(waiting);
    waiting = setTimeout(keep, WAIT);
  }

  async function keep() {
    if (sending) { more = true; return; }
    sending = true;
    try {
      const answer = await send("draft");
      const html = await answer.text();
      const place = page.querySelector("#chart-findings");
      if (answer.headers.get("X-Part") === "findings") {
        put(place, html, [...place.querySelectorAll("input[type=text], input[type=password]")].map((field) => [field.name, field.value]));
        unsaved = false;
        say("");
      } else { page.innerHTML = html; mark(); }
    } catch (error) {
      const away = error.told !== "loggedOut";
      say(away ? words.away.replace("{time}", state.dataset.since ||= clock()) : error.message, true);
      waiting = setTimeout(keep, AGAIN);
      return;
    } finally { sending = false; }
    delete state.dataset.since;
    if (more) { more = false; keep(); }
  }

  async function press(what) {
    if (sending) { setTimeout(() => press(what), 100); return; }
    sending = true;
    clearTimeout(waiting);
    page.setAttribute("aria-busy", "true");
    const before = unsaved, writes = /^(save|decide|tell|copy|discard)/.test(what);
    const typed = new Map([...page.querySelectorAll("input[type=text], textarea")].map((field) => [field.name, field.value]));
    try {
      const answer = await send(what);
      const next = answer.headers.get("X-Leads-To");
      if (next) { unsaved = false; location.assign(next); return; }
      const html = await answer.text();
      const since = [...page.querySelectorAll("input[type=text]")].map((field) => [field.name, field.value]).filter(([name, value]) => typed.get(name) !== value);
      put(page, html, since);
      unsaved = false;
      say("");
      const refused = page.querySelector("[role=alert]");
      if (since.length || (before && (refused || !writes))) touch();
      if (what === "scan" || what === "start") page.querySelector("[data-scan]")?.focus({ preventScroll: what === "start" });
      page.querySelector("[role=alert], [aria-invalid=true]")?.scrollIntoView({ block: "center" });
    } catch (error) {
      say(error.told ? error.message : words.noConnection, true);
    } finally { sending = false; page.removeAttribute("aria-busy"); }
  }

  page.addEventListener("submit", (event) => {
    event.preventDefault();
    press(event.submitter?.value || "save");
  });
  page.addEventListener("click", (event) => {
    const step = event.target.closest("[data-step]");
    if (step) {
      const field = document.getElementById(step.dataset.of);
      const by = Number(step.dataset.step), low = Number(field.dataset.low), typed = field.value.replace(",", ".");
      const now = typed === "" ? Math.ceil(low / Math.abs(by)) * Math.abs(by) : Math.round((Number(typed) + by) * 100) / 100;
      if (Number.isNaN(now) || (typed === "" && by < 0)) return;
      const least = Math.min(low, Math.abs(by) < 1 ? 0.5 : low);
      field.value = now < least ? "" : Math.abs(by) < 1 ? now.toFixed(2) : String(now);
      touch();
      mark();
    }
    const zone = event.target.closest("a[data-zone]");
    if (zone) {
      event.preventDefault();
      const row = document.getElementById(`zone-${zone.dataset.zone}`);
      row.scrollIntoView({ block: "center" });
      row.querySelector("input:not([disabled])")?.focus({ preventScroll: true });
    }
  });
  page.addEventListener("input", (event) => { if (event.target.matches("[data-signs]")) return; touch(); mark(); });
  page.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.matches("[data-signs]")) {
      event.preventDefault();
      press(event.target.dataset.signs);
      return;
    }
    if (event.key !== "Enter" || event.target.tagName !== "INPUT" || event.target.type !== "text") return;
    event.preventDefault();
    const own = event.target.closest(".chart-decide")?.querySelector("button");
    if (event.target.matches("[data-scan]")) press("scan");
    else if (own && event.target.value.trim()) press(own.value);
  });
  // A scanner types a code that begins with a digit, a bracket or a sign of its own.
  document.addEventListener("keydown", (event) => {
    const field = page.querySelector("[data-scan]");
    const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
    if (field && !typing && !event.ctrlKey && !event.metaKey && !event.altKey && /^[\d(\]]$/.test(event.key)) field.focus();
  });
  window.addEventListener("online", () => { if (unsaved) keep(); });
  window.addEventListener("beforeunload", (event) => { if (unsaved) event.preventDefault(); });
  setInterval(mark, 10000);
  mark();
})();
