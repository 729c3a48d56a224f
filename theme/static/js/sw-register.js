const base = document.documentElement.dataset.base;
if ("serviceWorker" in navigator) navigator.serviceWorker.register(`${base}/service-worker.js`, { scope: `${base}/` });
