// Share, copy, print: each button only where the device can.

import { say } from "./words.js";

const url = document.querySelector('link[rel="canonical"]')?.href || location.href;
const title = document.querySelector("h1").textContent.trim();

function offer(name, able, act) {
  const place = document.querySelector(`[data-${name}]`);
  const button = document.querySelector(`[data-${name}-button]`);
  if (!able || !place) return;
  place.hidden = false;
  button.addEventListener("click", () => act(button));
}

async function copy(button) {
  const label = button.querySelector("span");
  const before = label.dataset.words || label.textContent;
  label.dataset.words = before;
  const said = await navigator.clipboard.writeText(url).then(() => say("Lien copié"), () => say("La copie est refusée"));
  label.textContent = said;
  toast(said);
  setTimeout(() => {
    label.textContent = before;
    toast("");
  }, 4000);
}

function toast(words) {
  const line = document.createElement("p");
  line.textContent = words;
  document.getElementById("toast").replaceChildren(...(words ? [line] : []));
}

// Someone who closes the share sheet has changed their mind: that is no error.
offer("share", "share" in navigator, () => navigator.share({ title, url }).catch(() => {}));
offer("copy", navigator.clipboard, copy);
offer("print", "print" in window, () => print());
