// The search page: pagefind's index, our own words. What is asked stands in the address, so that it can be shared.

const form = document.getElementById("recherche");
const status = document.getElementById("search-status");
const list = document.getElementById("results");
const more = document.getElementById("search-more");
const invitation = status.textContent;
const STEP = 10;

let engine = null;
let found = [];
let shown = 0;
let lost = 0;
let asked = 0;

/** Pagefind, loaded at the first word; a failure is forgotten, so that the next word tries again. */
function load() {
  engine ??= import(form.dataset.index).then(async (pagefind) => {
    await pagefind.options({ excerptLength: 26 });
    await pagefind.init();
    return pagefind;
  });
  engine.catch(() => (engine = null));
  return engine;
}

/** A new index came since ours was loaded: its files have other names. */
async function renew() {
  const former = await engine?.catch(() => null);
  await former?.destroy();
  engine = null;
}

async function search(words) {
  const turn = ++asked;
  address(words);
  if (!words) return clear(invitation);
  list.setAttribute("aria-busy", "true");
  try {
    if (!(await attempt(words, turn).catch(() => false))) {
      await renew();
      await attempt(words, turn);
    }
  } catch {
    if (turn === asked) clear(failure());
  } finally {
    list.removeAttribute("aria-busy");
  }
}

/** Search and show. Returns whether the index was whole. */
async function attempt(words, turn) {
  const answer = await (await load()).search(words);
  return turn !== asked || show(answer.results, words); // another word was typed meanwhile
}

function address(words) {
  const url = new URL(location.href);
  if (words) url.searchParams.set("q", words);
  else url.searchParams.delete("q");
  history.replaceState(null, "", url);
}

function failure() {
  return navigator.onLine
    ? "La recherche n’a pas pu se charger. Réessayez dans un instant, ou passez par le plan du site."
    : "Vous êtes hors ligne : la recherche reviendra avec le réseau.";
}

function clear(words) {
  found = [];
  list.replaceChildren();
  more.hidden = true;
  status.textContent = words;
}

/** The first results. Returns whether every one of them was there. */
async function show(results, words) {
  clear("");
  found = results;
  shown = lost = 0;
  const whole = await page();
  const count = found.length - lost;
  status.textContent = count ? `${total(count)} pour « ${words} »` : nothing(words);
  return whole;
}

const total = (count) => (count === 1 ? "1 résultat" : `${count} résultats`);
const nothing = (words) => `Rien pour « ${words} ». Essayez un mot plus court, ou un autre : « poubelle » pour « déchets ».`;

/** The next results, below those already there; pages that have gone are passed over. Returns whether no file missed. */
async function page() {
  let whole = true;
  const wanted = list.children.length + STEP;
  while (shown < found.length && list.children.length < wanted) {
    const next = found.slice(shown, shown + wanted - list.children.length);
    const pages = await Promise.all(next.map(content));
    const there = pages.filter((one) => one?.meta.title);
    whole &&= !pages.includes(null);
    shown += next.length;
    lost += next.length - there.length;
    list.append(...there.map(row));
  }
  more.hidden = shown >= found.length;
  return whole;
}

/** What the index keeps of one page, without a title where the page has gone; `null` where the file itself is missing. */
async function content(result) {
  try {
    return await result.data();
  } catch (reason) {
    const file = new URL(`fragment/${result.id}.pf_fragment`, new URL(form.dataset.index, location.href));
    const answer = await fetch(file);
    if (answer.status === 404 || answer.status === 410) return null;
    throw reason;
  }
}

more.addEventListener("click", async () => {
  const before = list.children.length;
  await page();
  list.children[before]?.querySelector("a").focus();
});

// One result

function row({ url, meta, excerpt }) {
  const line = document.createElement("li");
  const heading = document.createElement("h3");
  const link = document.createElement("a");
  link.href = url;
  link.className = "stretched";
  link.textContent = meta.title;
  heading.append(link);
  line.append(heading, passage(excerpt));
  const where = category(url);
  if (where) line.prepend(where);
  return line;
}

/** The menu knows the categories: their addresses, names and colours. */
function category(url) {
  const own = [...document.querySelectorAll(".nav a")].find((link) => url.startsWith(link.getAttribute("href")));
  if (!own) return null;
  const chip = document.createElement("span");
  chip.className = `chip ${own.className}`;
  chip.textContent = own.firstChild.textContent.trim();
  return chip;
}

/** The excerpt as text, with the words found marked; no other markup passes. */
function passage(html) {
  const place = document.createElement("p");
  const parsed = new DOMParser().parseFromString(html, "text/html").body;
  for (const node of parsed.childNodes) place.append(node.nodeName === "MARK" ? marked(node.textContent) : node.textContent);
  return place;
}

function marked(words) {
  const mark = document.createElement("mark");
  mark.textContent = words;
  return mark;
}

// Asking

let typing = 0;

form.addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(() => search(form.q.value.trim()), 300);
});

form.addEventListener("submit", (event) => {
  event.preventDefault();
  clearTimeout(typing);
  search(form.q.value.trim());
});

form.addEventListener("focusin", () => load().catch(() => {}), { once: true });

form.q.value = new URLSearchParams(location.search).get("q") || "";
if (form.q.value) search(form.q.value.trim());
