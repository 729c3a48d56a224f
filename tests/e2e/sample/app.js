// The smallest page that does what the real one will do: subscribe on a click, and tell the site.
const state = document.querySelector('#state');
// The button is heard before anything is awaited: a click during registration must not be lost.

document.querySelector('#subscribe').addEventListener('click', async () => {
  try {
    const { key } = await (await fetch('/api/push/key')).json();
    const registration = await navigator.serviceWorker.ready;
    const options = { userVisibleOnly: true, applicationServerKey: key };
    const subscription = await registration.pushManager.subscribe(options);
    const headers = { 'Content-Type': 'application/json' };
    await fetch('/api/push/subscriptions', { method: 'PUT', headers, body: JSON.stringify(subscription) });
    state.textContent = 'Abonné';
  } catch (error) {
    state.textContent = `Refusé : ${error.name}`;
  }
});

await navigator.serviceWorker.register('/sw.js');
