const query = new URLSearchParams(location.search);
const id = (name) => document.getElementById(name);
let items = [], turn = 0;
async function poll() {
  try {
    const r = await fetch(document.body.dataset.feed, { cache: "no-cache" });
    items = (await r.json()).items;
    id("stale").hidden = true;
  } catch { id("stale").hidden = false; }
  const now = running();
  id("list").replaceChildren(...now.map((i) => { const li = document.createElement("li"); li.textContent = i.text; return li; }));
  id("list-empty").hidden = now.length > 0;
}
const running = () => {
  const area = query.get("secteur"), at = Date.now();
  const now = items.filter((i) => Date.parse(i.start) <= at && at < Date.parse(i.until) && (!area || !i.areas.length || i.areas.includes(area)));
  const grave = now.filter((i) => i.weight >= 3);
  return grave.length ? grave : now;
};
function next() {
  const now = running(), item = now[turn++ % (now.length || 1)];
  id("screen").hidden = !item;
  id("idle").hidden = Boolean(item);
  if (item) { id("screen-text").textContent = item.text; id("screen-detail").textContent = item.detail || ""; }
  setTimeout(next, 6000 + (item ? item.text.length * 40 : 0));
}
await poll();
next();
setInterval(poll, 1000 * Math.max(1, Number(query.get("periode")) || 15));
