const place = document.getElementById("recevoir");
const form = document.getElementById("subscribe");
const show = (name, words) => {
  for (const s of place.querySelectorAll("[data-state]")) s.hidden = s.dataset.state !== name;
  if (words) place.querySelector("[data-message]").textContent = words;
};
const bytes = (key) => Uint8Array.from(atob(key.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const chosen = (name) => {
  const all = [...form.querySelectorAll(`[name=${name}]`)];
  const on = all.filter((i) => i.checked);
  return on.length === all.length ? [] : on.map((i) => i.value);
};
const send = async (method, s) => {
  const r = await fetch(`${place.dataset.api}/subscriptions`, { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify({ ...s.toJSON(), categories: chosen("categories"), areas: chosen("areas") }) });
  if (!r.ok) throw new Error((await r.json()).detail);
};
const limit = (p) => Promise.race([p, new Promise((_, no) => setTimeout(() => no(new Error("Le service de notification ne répond pas ; réessayez plus tard.")), Number(place.dataset.timeout)))]);
async function subscribe() {
  try {
    if ((await Notification.requestPermission()) !== "granted") return show("denied");
    const { key } = await (await fetch(`${place.dataset.api}/key`)).json();
    const worker = await navigator.serviceWorker.ready;
    const s = await limit(worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(key) }));
    await send("PUT", s);
    show("subscribed");
  } catch (error) {
    show(navigator.onLine ? "error" : "offline", error.message);
  }
}
if (!("PushManager" in window)) show(/iPhone|iPad/.test(navigator.userAgent) ? "ios" : "unsupported");
else form.hidden = false;
form.addEventListener("submit", (e) => { e.preventDefault(); subscribe(); });
place.querySelector("[data-stop]").addEventListener("click", async () => {
  const s = await (await navigator.serviceWorker.ready).pushManager.getSubscription();
  if (s) { await send("DELETE", s); await s.unsubscribe(); }
  show("stopped");
});
