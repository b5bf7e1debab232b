"use strict";
const pack = JSON.parse(document.getElementById("pack").textContent);
const made = Date.parse(JSON.parse(pack.beside).made_at);
const age = document.getElementById("age");
const told = document.getElementById("told");
const form = document.getElementById("open");

const bytes = (text) => Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
const utf8 = (text) => new TextEncoder().encode(text);

function tellAge() {
  const minutes = Math.floor((Date.now() - made) / 60000);
  const hours = Math.floor(minutes / 60);
  const old = hours < 1 ? `${minutes} minutes` : `${hours} hours and ${minutes % 60} minutes`;
  age.className = minutes >= 0 && minutes <= 90 ? "fresh" : "old";
  age.textContent =
    minutes < 0
      ? "The clock of this computer is wrong, or this file is. Look at the date above."
      : minutes > 90
        ? `This is ${old} old. What was booked, moved or cancelled since is not in it. Look for a newer file.`
        : `This is ${old} old. What was booked, moved or cancelled since is not in it.`;
}

async function plain(passphrase) {
  const raw = await crypto.subtle.importKey("raw", utf8(passphrase.normalize("NFC")), "PBKDF2", false, ["deriveKey"]);
  const how = { name: "PBKDF2", hash: "SHA-256", salt: bytes(pack.salt), iterations: pack.iterations };
  const key = await crypto.subtle.deriveKey(how, raw, { name: "AES-GCM", length: 256 }, false, ["decrypt"]);
  const opened = { name: "AES-GCM", iv: bytes(pack.nonce), additionalData: utf8(pack.beside) };
  return new TextDecoder().decode(await crypto.subtle.decrypt(opened, key, bytes(pack.data)));
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (!window.crypto || !crypto.subtle) {
    told.textContent = "This browser cannot open it from here. Copy the file to this computer, or use a newer browser.";
    return;
  }
  told.textContent = "One moment…";
  try {
    document.getElementById("inside").innerHTML = await plain(form.elements.passphrase.value);
    form.elements.passphrase.value = "";
    form.hidden = true;
  } catch {
    told.textContent = "That passphrase does not open it: try again, capitals and spaces count. If nobody has it, call your manager.";
  }
});

tellAge();
setInterval(tellAge, 30000);
