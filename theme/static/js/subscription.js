// This device's subscription, wherever it stands: in the browser, in our service, and the choices that go with it.
// Every wait has an end: a push service that is out of reach leaves subscribe() pending for ever.

export const base = document.documentElement.dataset.base;
export const able = "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;

// The worker reads the same place (it has no localStorage), to subscribe again by itself when the browser asks.
const KEPT = { cache: "beffroi-choices", at: `${base}/choix.json` };
const ANSWER = 15000;

export class Slow extends Error {}

/** The service said no, in its own words. */
export class Refused extends Error {}

/** What `promise` gives, or `Slow` after so many milliseconds. */
export function within(milliseconds, promise) {
  let timer;
  const limit = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Slow()), milliseconds);
  });
  return Promise.race([promise, limit]).finally(() => clearTimeout(timer));
}

/** The choices last confirmed by the service: {choices, endpoint, told}; none on a device that never subscribed. */
export async function remembered() {
  const found = await (await caches.open(KEPT.cache)).match(KEPT.at);
  return found ? found.json() : null;
}

export async function remember(record) {
  const cache = await caches.open(KEPT.cache);
  if (record) await cache.put(KEPT.at, new Response(JSON.stringify(record)));
  else await cache.delete(KEPT.at);
}

export async function current(limit = ANSWER) {
  const registration = await within(limit, navigator.serviceWorker.ready);
  return registration.pushManager.getSubscription();
}

/** The browser's own half. An older subscription made with another key is of no more use: it makes room. */
export async function subscribe(limit) {
  const key = bytes(await publicKey());
  const registration = await within(limit, navigator.serviceWorker.ready);
  const old = await registration.pushManager.getSubscription();
  if (old && same(old.options.applicationServerKey, key)) return old;
  if (old) await old.unsubscribe();
  const asked = registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
  try {
    return await within(limit, asked);
  } catch (error) {
    // Whatever still comes after we gave up must not live on unknown to all.
    asked.then((late) => late.unsubscribe()).catch(() => {});
    throw error;
  }
}

/** Our service's half: what this device wants. Idempotent, so that it may be told again at any time. */
export async function tell(subscription, choices) {
  const key = text(subscription.options.applicationServerKey); // which of the service's keys this one listens to
  const answer = await call("PUT", "subscriptions", { ...subscription.toJSON(), ...choices, key });
  await remember({ choices, endpoint: subscription.endpoint, told: Date.now() });
  return answer;
}

export const forget = (subscription) => call("DELETE", "subscriptions", subscription.toJSON());

const publicKey = async () => (await call("GET", "key")).key;

async function call(method, name, body) {
  const answer = await fetch(`${base}/api/push/${name}`, {
    method,
    headers: body ? { "Content-Type": "application/json" } : {},
    body: body && JSON.stringify(body),
    signal: AbortSignal.timeout(ANSWER),
  });
  if (answer.status === 204) return null;
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refused(said.detail || "");
  return said;
}

function bytes(key) {
  const plain = atob(key.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
}

function text(buffer) {
  const plain = String.fromCharCode(...new Uint8Array(buffer || 0));
  return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

function same(buffer, key) {
  const other = new Uint8Array(buffer || 0);
  return other.length === key.length && key.every((byte, at) => byte === other[at]);
}
