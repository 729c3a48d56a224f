// On every page: the app's worker, the subscription kept alive, and what arrives while the page is open.

import { able, base, current, remembered, subscribe, tell } from "./subscription.js";

const DAY = 24 * 3600 * 1000;

/** Browsers drop subscriptions in silence; a device that wanted to be told makes sure at each visit that it will be. */
async function resync() {
  if (!able || Notification.permission !== "granted") return;
  const kept = await remembered();
  if (!kept) return;
  const found = await current();
  const fresh = found && found.endpoint === kept.endpoint && Date.now() - kept.told < DAY;
  if (!fresh) await tell(await subscribe(60000), kept.choices);
}

/** A new item while the page is open: one link at the foot, one ring of the motif. */
function announce({ title, url }) {
  const link = document.createElement("a");
  link.href = url;
  link.textContent = title;
  document.getElementById("toast")?.replaceChildren(link);
  document.documentElement.dataset.ringing = "";
  setTimeout(() => delete document.documentElement.dataset.ringing, 3000);
}

async function start() {
  navigator.serviceWorker.addEventListener("message", ({ data }) => data?.type === "push" && announce(data));
  await navigator.serviceWorker.register(`${base}/service-worker.js`, { scope: `${base}/` });
  if ("noPush" in document.body.dataset) return;
  navigator.clearAppBadge?.().catch(() => {});
  await resync();
}

// Out of reach, refused by a private window: the page reads as well without.
if ("serviceWorker" in navigator) start().catch(() => {});
