// The app's worker: keeps the shell, serves visited pages offline, always shows a push (iOS revokes silent ones).
const told = self.BEFFROI;
const KEEP = `beffroi-${told.version}`;
self.addEventListener("install", (e) => e.waitUntil(caches.open(KEEP).then((c) => c.addAll(told.shell)).then(() => self.skipWaiting())));
self.addEventListener("activate", (e) => e.waitUntil(caches.keys().then((names) => Promise.all(names.filter((n) => n !== KEEP).map((n) => caches.delete(n)))).then(() => self.clients.claim())));
self.addEventListener("fetch", (e) => {
  const url = new URL(e.request.url);
  if (e.request.method !== "GET" || url.origin !== self.location.origin || url.pathname.startsWith(`${told.base}/api/`)) return;
  e.respondWith(answer(e.request));
});
async function answer(request) {
  const cache = await caches.open(KEEP);
  try {
    const fresh = await fetch(request);
    if (fresh.ok) await cache.put(request, fresh.clone());
    return fresh;
  } catch {
    return (await cache.match(request)) || (request.mode === "navigate" && (await cache.match(`${told.base}/hors-ligne/`))) || Response.error();
  }
}
self.addEventListener("push", (e) => {
  let said = {};
  try { said = e.data.json(); } catch { /* an empty or foreign message is shown all the same */ }
  const n = said.notification || {};
  e.waitUntil(self.registration.showNotification(n.title || told.title, {
    body: n.body || "Une information vient de paraître.", tag: n.tag, lang: n.lang, icon: told.icon, badge: told.badge,
    renotify: Boolean(n.tag && said.beffroi && said.beffroi.renotify), data: n.navigate || `${told.base}/`,
  }));
});
self.addEventListener("notificationclick", (e) => {
  e.notification.close();
  e.waitUntil(self.clients.openWindow(new URL(e.notification.data, self.location.href).pathname));
});
