// The offline page: what is already in this device, and a way to try again.
const base = document.documentElement.dataset.base;
const retry = document.querySelector("[data-retry]");
retry.hidden = false;
retry.addEventListener("click", () => location.reload());
addEventListener("online", () => location.reload());

async function kept() {
  const pages = new Map();
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const request of await cache.keys()) {
      const { pathname } = new URL(request.url);
      if (!pathname.endsWith("/") || pathname === `${base}/hors-ligne/`) continue;
      const html = await (await cache.match(request)).text();
      const title = new DOMParser().parseFromString(html, "text/html").title.split(" · ")[0];
      pages.set(pathname, title || pathname);
    }
  }
  return pages;
}

if ("caches" in window) {
  const place = document.getElementById("kept");
  for (const [path, title] of await kept()) {
    const link = document.createElement("a");
    link.href = path;
    link.textContent = title;
    const row = document.createElement("li");
    row.append(link);
    place.querySelector("ul").append(row);
    place.hidden = false;
  }
}
