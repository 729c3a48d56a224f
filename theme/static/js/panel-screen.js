// What the screen shows: one message, or the time above the mountains. Letters are as large as the message allows.

const id = (name) => document.getElementById(name);
const { zone } = document.documentElement.dataset;
const lang = document.documentElement.lang;
const CLOCK = new Intl.DateTimeFormat(lang, { hour: "2-digit", minute: "2-digit", timeZone: zone });
const HOUR = new Intl.DateTimeFormat("en", { hour: "numeric", hourCycle: "h23", timeZone: zone });
const DATE = new Intl.DateTimeFormat(lang, { weekday: "long", day: "numeric", month: "long", timeZone: zone });

/** One item. The bar at the foot runs for as many seconds. */
export function paint(item, seconds) {
  const screen = id("screen");
  const grave = item.weight > 0;
  screen.className = `screen ${grave ? `severity-${item.weight}` : item.color}`;
  screen.dataset.weight = item.weight;
  id("screen-text").textContent = item.text;
  id("screen-detail").textContent = item.detail || "";
  id("screen-detail").hidden = !item.detail;
  label(item);
  Picture.show(grave ? "" : item.image);
  screen.hidden = false;
  id("idle").hidden = true;
  document.body.classList.toggle("is-grave", item.weight >= 3);
  document.body.classList.remove("is-idle");
  fit();
  enter(screen, seconds);
}

/** An alert says its word beside its shape, any other item its category. */
function label({ weight, category }) {
  const mark = weight ? id(`mark-${weight}`) : null;
  const named = document.querySelector(`[data-category="${CSS.escape(category)}"]`);
  id("screen-mark").replaceChildren(...(mark ? [mark.firstElementChild.cloneNode(true)] : []));
  id("screen-mark").hidden = !mark;
  id("screen-label").textContent = mark ? mark.dataset.word : named?.textContent || "";
}

/** Start the two movements anew: the screen's and the bar's. */
function enter(screen, seconds) {
  const bar = id("progress");
  bar.style.setProperty("--seconds", `${seconds}s`);
  for (const moving of [screen, bar]) {
    moving.classList.remove("is-moving");
    void moving.offsetWidth; // the browser must see it still once, to move it again
    moving.classList.add("is-moving");
  }
}

export function paintIdle() {
  id("screen").hidden = true;
  id("idle").hidden = false;
  id("progress").classList.remove("is-moving");
  document.body.classList.remove("is-grave");
  document.body.classList.add("is-idle");
}

/** The list that is heard instead of seen. */
export function paintList(items) {
  id("list").replaceChildren(...items.map(row));
  id("list-empty").hidden = items.length > 0;
}

function row({ text, detail }) {
  const line = document.createElement("li");
  line.textContent = detail ? `${text} : ${detail}` : text;
  return line;
}

export function paintTime(now = new Date()) {
  write("[data-clock]", CLOCK.format(now));
  const date = DATE.format(now);
  write("[data-date]", date.charAt(0).toUpperCase() + date.slice(1));
  const hour = Number(HOUR.format(now));
  document.body.classList.toggle("is-night", hour < 7 || hour >= 20);
}

function write(selector, words) {
  for (const place of document.querySelectorAll(selector)) if (place.textContent !== words) place.textContent = words;
}

/** Since when nothing was heard; none where all is well. */
export function paintStale(since) {
  const stale = id("stale");
  stale.hidden = !since;
  if (since) stale.textContent = `Sans réseau depuis ${CLOCK.format(since)}`;
}

/** The largest letters with which the message stands whole, no word cut. */
export function fit() {
  const words = id("screen-words");
  if (id("screen").hidden) return;
  const size = (percent) => words.style.setProperty("--fit", percent / 100);
  let [least, most] = [18, 100];
  while (most - least > 1) {
    const middle = (least + most) / 2;
    size(middle);
    if (overflows(words)) most = middle;
    else least = middle;
  }
  size(least);
}

function overflows(words) {
  const text = id("screen-text");
  return words.scrollHeight > words.clientHeight || text.scrollWidth > text.clientWidth;
}

/** The picture of an item, from this very host, shown once it is there. */
export const Picture = {
  base: "",
  show(address) {
    const place = id("screen-image");
    const image = id("screen-picture");
    place.hidden = true;
    id("screen").classList.toggle("has-image", Boolean(address));
    if (!address) return;
    image.onload = () => {
      place.hidden = false;
      fit();
    };
    image.onerror = () => {
      id("screen").classList.remove("has-image");
      fit();
    };
    image.src = Picture.local(address);
  },
  local(address) {
    const { base } = document.documentElement.dataset;
    return address.startsWith(Picture.base) ? base + address.slice(Picture.base.length) : address;
  },
};
