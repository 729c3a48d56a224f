// The app's worker. Pages: the network first, for a few seconds; then what this device has kept. Pushes: always shown,
// within waitUntil (iOS takes the permission away from who stays silent). Written at the root by the build, which
// tells it in self.BEFFROI what to keep.

const told = self.BEFFROI;
const home = `${told.base}/`;
const offline = `${told.base}/hors-ligne/`;
const SHELL = `beffroi-shell-${told.version}`;
const PAGES = { name: "beffroi-pages", most: 60 };
const FILES = { name: "beffroi-files", most: 150 };
const CHOICES = "beffroi-choices";
const OURS = [SHELL, PAGES.name, FILES.name, CHOICES, "beffroi-panel"];
const PATIENCE = 4000;

// Life

self.addEventListener("install", (event) => event.waitUntil(install()));
self.addEventListener("activate", (event) => event.waitUntil(activate()));

async function install() {
  const cache = await caches.open(SHELL);
  await cache.addAll(told.shell);
  await self.skipWaiting();
}

async function activate() {
  const stale = (await caches.keys()).filter((name) => name.startsWith("beffroi-") && !OURS.includes(name));
  await Promise.all(stale.map((name) => caches.delete(name)));
  await self.clients.claim();
}

// Requests

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin || request.headers.has("range")) return;
  const path = url.pathname.slice(told.base.length);
  // What must be fresh or fail: the service, the feeds (the panel counts on it), this worker.
  if (/^\/(api|feeds|fichiers)\/|^\/service-worker\.js/.test(path)) return;
  if (request.mode === "navigate") event.respondWith(page(event));
  else if (path.startsWith("/images/") || url.searchParams.has("v")) event.respondWith(immutable(event));
  else event.respondWith(file(event));
});

/** A page: fresh within the time one waits for it, else kept, else late rather than never, else the offline page. */
async function page(event) {
  return (await networkFirst(event, PAGES)) || caches.match(offline);
}

/** An address whose bytes never change: what is kept is right. */
async function immutable(event) {
  const found = await caches.match(event.request);
  if (found) return found;
  const fresh = await fetch(event.request);
  event.waitUntil(keep(FILES, event.request, fresh));
  return fresh;
}

/** Any other file: the network, else what is kept under any version. */
async function file(event) {
  return (await networkFirst(event, FILES)) || Response.error();
}

/** A server that fails counts as none, unless nothing is kept: then its own answer is shown. */
async function networkFirst(event, store) {
  const fresh = fetch(event.request);
  event.waitUntil(fresh.then((response) => keep(store, event.request, response)).catch(() => {}));
  const good = fresh.then((response) => (response.status < 500 ? response : null), () => null);
  const first = await Promise.race([good, pause(PATIENCE)]);
  return first || (await kept(event.request)) || fresh.catch(() => null);
}

/** The newest copy: what was visited comes before what the app was installed with. */
async function kept(request) {
  for (const name of [PAGES.name, FILES.name, SHELL]) {
    const found = await (await caches.open(name)).match(request, { ignoreSearch: true, ignoreVary: true });
    if (found) return found;
  }
  return null;
}

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds, null));

/** Keep a good answer, without its query: one page, one place. The oldest make room. */
async function keep({ name, most }, request, response) {
  if (!response.ok || response.redirected || response.type !== "basic") return;
  const copy = response.clone();
  const url = new URL(request.url);
  if (request.mode === "navigate") url.search = "";
  const cache = await caches.open(name);
  await cache.put(url.href, copy);
  const all = await cache.keys();
  await Promise.all(all.slice(0, Math.max(0, all.length - most)).map((old) => cache.delete(old)));
}

// Pushes

const WORDS = "Une information vient de paraître.";

self.addEventListener("push", (event) => event.waitUntil(ring(read(event.data))));

/** The message, whatever came: nothing, or what is not ours, is still shown as news of the commune. */
function read(data) {
  let whole = null;
  try {
    whole = data && data.json();
  } catch {
    // not JSON: not ours
  }
  const said = (whole && whole.notification) || {};
  const about = (whole && whole.beffroi) || {};
  const grave = ["Extreme", "Severe"].includes(about.severity);
  return { ...said, title: String(said.title || told.title), url: ours(said.navigate), grave };
}

/** An address of this site, whatever address was sent. */
function ours(address) {
  try {
    const { pathname, search, hash } = new URL(address || home, self.location.href);
    return pathname + search + hash;
  } catch {
    return home;
  }
}

async function ring(message) {
  const { title, url } = message;
  await self.registration.showNotification(title, options(message));
  const open = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  for (const client of open) client.postMessage({ type: "push", title, url });
  const shown = await self.registration.getNotifications();
  await badge(shown.length);
}

function options({ body, tag, lang, dir, silent, renotify, url, grave }) {
  const same = typeof tag === "string" && tag ? { tag, renotify: Boolean(renotify) } : {};
  return {
    ...same,
    body: String(body || WORDS),
    lang: typeof lang === "string" ? lang : "fr",
    dir: ["ltr", "rtl"].includes(dir) ? dir : "auto",
    silent: Boolean(silent),
    requireInteraction: grave,
    icon: told.icon,
    badge: told.badge,
    data: url,
  };
}

/** The figure on the app's icon, where there is one. */
async function badge(count) {
  const act = count ? self.navigator.setAppBadge : self.navigator.clearAppBadge;
  if (act) await act.call(self.navigator, count).catch(() => {});
}

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open(ours(event.notification.data)));
});

/** The tab that already shows the page, else a new one. */
async function open(path) {
  await badge(0);
  const wanted = new URL(path, self.location.href).href;
  const tabs = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const there = tabs.find((tab) => tab.url.split("#")[0] === wanted.split("#")[0]);
  return there ? there.focus() : self.clients.openWindow(wanted);
}

// The browser changes its subscription: the service learns of it here, with the choices this device has kept.

self.addEventListener("pushsubscriptionchange", (event) => event.waitUntil(renew(event)));

async function renew({ oldSubscription, newSubscription }) {
  const at = `${told.base}/choix.json`;
  const cache = await caches.open(CHOICES);
  const found = await cache.match(at);
  if (!found) return;
  const { choices } = await found.json();
  const subscription = newSubscription || (await again(oldSubscription));
  const key = text(subscription.options.applicationServerKey);
  const answer = await fetch(`${told.base}/api/push/subscriptions`, {
    method: "PUT",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ ...subscription.toJSON(), ...choices, key }),
  });
  // Where that fails, the next visit of any page tells it again: the endpoint is not the one on record.
  if (answer.ok) await cache.put(at, json({ choices, endpoint: subscription.endpoint, told: Date.now() }));
}

const json = (value) => new Response(JSON.stringify(value), { headers: { "Content-Type": "application/json" } });

/** With the service's present key, which may have changed since; with the former one where it cannot be asked. */
async function again(old) {
  const present = await publicKey().catch(() => null);
  const options = present || !old ? { userVisibleOnly: true, applicationServerKey: present } : old.options;
  return self.registration.pushManager.subscribe(options);
}

function text(buffer) {
  const plain = String.fromCharCode(...new Uint8Array(buffer || 0));
  return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

async function publicKey() {
  const { key } = await (await fetch(`${told.base}/api/push/key`)).json();
  return key;
}
