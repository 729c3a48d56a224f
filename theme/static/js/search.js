const form = document.getElementById("recherche");
const results = document.getElementById("results");
async function search(words) {
  const engine = await import(form.dataset.index);
  const found = await engine.search(words);
  const pages = await Promise.all(found.results.slice(0, 20).map((r) => r.data()));
  document.getElementById("search-status").textContent = `${found.results.length} résultat(s)`;
  results.replaceChildren(...pages.map((p) => { const li = document.createElement("li"); const a = document.createElement("a"); a.href = p.url; a.textContent = p.meta.title; li.append(a); return li; }));
}
const asked = new URLSearchParams(location.search).get("q");
if (asked) { form.q.value = asked; search(asked); }
form.addEventListener("submit", (e) => { e.preventDefault(); search(form.q.value); });
