"use strict";

// A button that asks the browser for a passkey, and sends its form with what that has answered.
// Bytes travel as base64url text.
(() => {
  if (!window.PublicKeyCredential) return;

  const bytesOf = (text) =>
    Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (one) => one.charCodeAt(0));
  const textOf = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer)))
      .replace(/\+/g, "-")
      .replace(/\//g, "_")
      .replace(/=+$/, "");
  const named = (list) => (list || []).map((one) => ({ ...one, id: bytesOf(one.id) }));

  const asked = async (place) => {
    const answer = await fetch(place, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(answer.status);
    const { publicKey } = await answer.json();
    publicKey.challenge = bytesOf(publicKey.challenge);
    if (publicKey.user) {
      publicKey.user.id = bytesOf(publicKey.user.id);
      publicKey.excludeCredentials = named(publicKey.excludeCredentials);
      return navigator.credentials.create({ publicKey });
    }
    if (publicKey.allowCredentials) publicKey.allowCredentials = named(publicKey.allowCredentials);
    return navigator.credentials.get({ publicKey });
  };

  const written = (key) => {
    const response = {};
    for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"])
      if (key.response[name]) response[name] = textOf(key.response[name]);
    return JSON.stringify({ id: key.id, rawId: textOf(key.rawId), type: key.type, response });
  };

  window.answerOfPasskey = async (place) => written(await asked(place));

  const WORDS = { InvalidStateError: "known", NotAllowedError: "unused" };

  for (const button of document.querySelectorAll("[data-passkey]")) {
    const form = button.form;
    const says = button.parentElement.querySelector("[data-passkey-says]");
    const held = form.elements.namedItem("passkey");
    button.hidden = false;
    button.addEventListener("click", async (event) => {
      if (held.value) return; // it is sent now
      event.preventDefault();
      const name = form.elements.namedItem("name");
      if (name && !name.reportValidity()) return;
      says.textContent = says.dataset.asks;
      try {
        held.value = written(await asked(button.dataset.passkey));
      } catch (error) {
        says.textContent = says.dataset[WORDS[error.name] || "failed"];
        return;
      }
      form.requestSubmit(button);
    });
  }
})();
