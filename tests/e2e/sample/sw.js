const PAGES = ['/', '/alerte.html', '/style.css', '/app.js', '/icon-192.png', '/manifest.webmanifest'];

self.addEventListener('install', (event) => {
  event.waitUntil(caches.open('pages').then((cache) => cache.addAll(PAGES)).then(() => self.skipWaiting()));
});

self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));

self.addEventListener('fetch', (event) => {
  if (event.request.method !== 'GET') return;
  event.respondWith(fetch(event.request).catch(async () => (await caches.match(event.request)) ?? Response.error()));
});

self.addEventListener('push', (event) => {
  let told = {};
  try {
    told = event.data.json().notification;
  } catch {
    // An empty or unreadable payload still has to show something.
  }
  const { title = 'Nouvelle information', body, tag, lang = 'fr', navigate = '/' } = told;
  event.waitUntil(self.registration.showNotification(title, { body, tag, lang, data: { navigate } }));
});

self.addEventListener('notificationclick', (event) => {
  event.notification.close();
  event.waitUntil(self.clients.openWindow(event.notification.data.navigate));
});
