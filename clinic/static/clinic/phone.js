// A picture is sent as soon as it is taken. The camera of the page shows the earlier picture of the
// same view over its own, where the browser gives it one. Nothing is stored here.
(() => {
  const page = document.getElementById("phone");
  const state = document.getElementById("phone-state");
  const camera = document.getElementById("phone-camera");
  if (!page) return;
  const video = camera.querySelector("video"), old = camera.querySelector("img"), slide = camera.querySelector(".phone-slide");
  let stream = null, view = "", sending = false;
  const say = (words) => { state.textContent = words; };

  async function send(body) {
    if (sending) return;
    sending = true;
    say(state.dataset.sending);
    try {
      const answer = await fetch(location.href, { method: "POST", body, credentials: "omit" });
      const next = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("phone");
      if (!next) { location.reload(); return; }
      page.innerHTML = next.innerHTML;
      say("");
      ready();
      page.querySelector("[role=alert], [role=status]")?.scrollIntoView({ block: "center" });
    } catch {
      say(state.dataset.offline);
    } finally { sending = false; }
  }

  function ready() {
    page.querySelector(".phone-views").classList.add("is-ready");
    if (navigator.mediaDevices?.getUserMedia) for (const one of page.querySelectorAll("[data-live]")) one.hidden = false;
  }

  async function open(button) {
    try {
      stream = await navigator.mediaDevices.getUserMedia({ audio: false, video: { facingMode: { ideal: "environment" }, width: { ideal: 2400 } } });
    } catch {
      say(state.dataset.blind);
      return;
    }
    view = button.closest("form").dataset.view;
    camera.querySelector("h2").textContent = button.dataset.label;
    video.srcObject = stream;
    old.hidden = slide.hidden = !button.dataset.ghost;
    if (button.dataset.ghost) old.src = button.dataset.ghost;
    camera.showModal();
  }

  function close() {
    for (const track of stream?.getTracks() || []) track.stop();
    stream = video.srcObject = null;
    old.removeAttribute("src");
  }

  page.addEventListener("change", (event) => {
    if (event.target.type === "file" && event.target.files.length) send(new FormData(event.target.form));
  });
  page.addEventListener("click", (event) => {
    const button = event.target.closest("[data-live]");
    if (button) open(button);
  });
  slide.addEventListener("input", (event) => { old.style.opacity = event.target.value / 100; });
  camera.addEventListener("close", close);
  camera.querySelector("[data-close]").addEventListener("click", () => camera.close());
  camera.querySelector("[data-take]").addEventListener("click", () => {
    const canvas = document.createElement("canvas");
    canvas.width = video.videoWidth;
    canvas.height = video.videoHeight;
    if (!canvas.width) return;
    canvas.getContext("2d").drawImage(video, 0, 0);
    canvas.toBlob((blob) => {
      const body = new FormData();
      body.append("view", view);
      body.append("image", blob, "photo.jpg");
      camera.close();
      send(body);
    }, "image/jpeg", 0.92);
  });
  ready();
})();
