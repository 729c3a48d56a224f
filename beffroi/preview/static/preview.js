// The editor's desk: choose an item and an instant; everything is drawn anew when either changes or a file is saved.

const id = (name) => document.getElementById(name);
const { place, now } = document.body.dataset;
const MINUTE = 60_000;
let shown = "";
let turn = 0;
let range = [0, 1];

const minutes = (local) => new Date(`${local}Z`).getTime() / MINUTE; // a clock without zone: only differences count
const local = (value) => new Date(Math.round(value) * MINUTE).toISOString().slice(0, 16);
const query = () => new URLSearchParams({ item: id("item").value, at: id("at").value });

async function ask(path) {
  try {
    const answer = await fetch(`${place}/${path}?${query()}`);
    return await answer.json();
  } catch {
    return { error: "L’aperçu ne répond plus\u00a0: relancez «\u202finvoke preview\u202f»." };
  }
}

async function draw() {
  const mine = ++turn;
  document.body.classList.add("is-busy");
  const told = await ask("panes");
  if (mine !== turn) return; // a newer choice is on its way
  faults(told.error ? [told.error] : told.faults);
  if (!told.error) {
    const open = [...document.querySelectorAll("details")].map((one) => one.open);
    id("state").innerHTML = told.state;
    stops(told.marks);
    if (told.token + id("item").value !== shown) fill(told.panes, open);
    else refill(told.panes);
    await frames(told, mine);
  }
  if (mine === turn) document.body.classList.remove("is-busy");
}

function fill(html, open) {
  id("panes").innerHTML = html;
  for (const [index, one] of [...document.querySelectorAll("details")].entries()) if (index in open) one.open = open[index];
}

/** Between two changes the pages are the same: their frames stay, what stands beside them is replaced. */
function refill(html) {
  const fresh = new DOMParser().parseFromString(html, "text/html");
  for (const note of document.querySelectorAll(".pane-panels > .note")) {
    const other = fresh.querySelector(".pane-panels > .note");
    if (other) note.replaceWith(other);
    break;
  }
}

async function frames(told, mine) {
  const key = told.token + id("item").value;
  if (key === shown) return;
  const built = await ask("built");
  if (mine !== turn) return;
  if (built.error) return faults([built.error]);
  shown = key;
  for (const frame of document.querySelectorAll("iframe[data-src]")) {
    frame.dataset.at = told.instant;
    const again = frame.src && frame.contentWindow.location.pathname === frame.dataset.src;
    if (again) frame.contentWindow.location.reload();
    else frame.src = frame.dataset.src;
  }
}

function faults(lines) {
  id("faults").hidden = lines.length === 0;
  id("faults").replaceChildren(...lines.map((line) => Object.assign(document.createElement("li"), { textContent: line })));
}

/** The slider runs from a while before the first change to a while after the last one. */
function stops(marks) {
  const at = marks.map((mark) => minutes(mark.at));
  const first = Math.min(...at, minutes(now));
  const last = Math.max(...at, minutes(now));
  const edge = Math.max((last - first) * 0.05, 60);
  range = [first - edge, last + edge];
  id("slider").value = position(minutes(id("at").value));
  id("stops").replaceChildren(...at.map((value) => Object.assign(document.createElement("option"), { value: position(value) })));
  id("marks").replaceChildren(...marks.map(button));
}

const position = (value) => Math.round(((value - range[0]) / (range[1] - range[0])) * 1000);

function button({ at, what }) {
  const made = Object.assign(document.createElement("button"), { type: "button", textContent: `${what} ${words(at)}` });
  made.onclick = () => choose(at);
  return made;
}

const words = (at) => new Date(`${at}Z`).toLocaleString("fr", { timeZone: "UTC", day: "numeric", month: "short", year: "numeric", hour: "numeric", minute: "2-digit" });

function choose(at) {
  id("at").value = at;
  remember();
}

let waiting = 0;
function remember() {
  history.replaceState(null, "", `?${query()}`);
  clearTimeout(waiting);
  waiting = setTimeout(draw, 120);
}

id("item").onchange = remember;
id("at").onchange = remember;
id("now").onclick = () => choose(now);
id("slider").oninput = () => choose(local(range[0] + (id("slider").value / 1000) * (range[1] - range[0])));
const asked = new URLSearchParams(location.search);
if (asked.get("at")) id("at").value = asked.get("at");
new EventSource(`${place}/events`).onmessage = draw;
draw();
