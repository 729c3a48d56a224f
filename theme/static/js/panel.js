// The player of street screens. One message a screen, each within its own window; a grave alert is alone. It reads
// panel.json again and again and keeps the last one: without network it goes on, and still drops what is over.
//
//   ?secteur=bas,haut         only what concerns these areas, and the whole commune
//   ?periode=15                seconds between two readings
//   keys: f or double click for full screen, arrows to turn

import { Picture, fit, paint, paintIdle, paintList, paintTime, paintStale } from "./panel-screen.js";
import { Source } from "./panel-source.js";

const query = new URLSearchParams(location.search);
const areas = (query.get("secteur") || "").split(",").filter(Boolean);
const period = 1000 * Math.max(1, Number(query.get("periode")) || 15);
const GRAVE = 3;
const FAILURES = 3;

const source = new Source(document.body.dataset.feed);
let shown = [];
let current = null;
let turning = 0;

// What runs

const concerns = (item) => !areas.length || !item.areas.length || item.areas.some((area) => areas.includes(area));
const runs = (item, at) => Date.parse(item.start) <= at && at < Date.parse(item.until);

/** The round of this instant: the heaviest first, and nothing beside a grave alert. */
function round(at = Date.now()) {
  const running = source.items.filter((item) => runs(item, at) && concerns(item)).sort((a, b) => b.weight - a.weight);
  const grave = running.filter((item) => item.weight >= GRAVE);
  return grave.length ? grave : running;
}

const name = (item) => JSON.stringify([item.id, item.text, item.detail, item.weight, item.image]);

/** Follow the clock and the file: what is new is shown at once, what is over leaves at once. */
function follow() {
  const before = shown.map(name);
  shown = round();
  const now = shown.map(name);
  if (String(now) === String(before)) return;
  paintList(shown);
  const fresh = shown.find((item) => !before.includes(name(item)));
  if (fresh) show(fresh);
  else if (!current || !now.includes(name(current))) turn(1);
}

// The round

function show(item) {
  current = item || null;
  clearTimeout(turning);
  if (!current) return paintIdle();
  const seconds = reading(current);
  paint(current, seconds);
  turning = setTimeout(turn, seconds * 1000, 1);
}

function turn(steps) {
  const at = current ? shown.findIndex((item) => name(item) === name(current)) : -1;
  const next = shown.length ? (Math.max(at, steps > 0 ? -1 : 0) + steps + shown.length) % shown.length : 0;
  show(shown[next]);
}

/** Seconds to read it twice while walking by; a grave alert stays longer. */
function reading({ text, detail, weight }) {
  return Math.min(20, 5 + (text.length + (detail || "").length) / 14 + (weight >= GRAVE ? 3 : 0));
}

// Time

async function poll() {
  await source.read();
  paintStale(source.failures >= FAILURES ? source.readAt : null);
  follow();
  setTimeout(poll, period);
}

function tick() {
  paintTime();
  follow();
}

/** A screen that shows the same for months burns in: everything moves a little, each minute elsewhere. */
function drift() {
  const minute = Math.floor(Date.now() / 60000);
  const { style } = document.body;
  style.setProperty("--drift-x", `${(minute % 5) - 2}`);
  style.setProperty("--drift-y", `${(Math.floor(minute / 5) % 5) - 2}`);
}

// The screen stays lit, and a new version of the player comes by itself.

const lit = () => document.visibilityState === "visible" && navigator.wakeLock?.request("screen").catch(() => {});

async function renew() {
  const workers = navigator.serviceWorker;
  if (!workers?.controller) return;
  workers.addEventListener("controllerchange", () => location.reload());
  setInterval(() => workers.ready.then((registration) => registration.update()).catch(() => {}), 3600 * 1000);
}

function fullscreen() {
  if (document.fullscreenElement) document.exitFullscreen();
  else document.documentElement.requestFullscreen?.().catch(() => {});
}

const KEYS = { f: fullscreen, F: fullscreen, ArrowRight: () => turn(1), ArrowLeft: () => turn(-1) };

addEventListener("keydown", ({ key }) => KEYS[key]?.());
addEventListener("dblclick", fullscreen);
addEventListener("resize", fit);
addEventListener("visibilitychange", lit);
Picture.base = document.body.dataset.site;

await source.restore();
paintIdle();
tick();
drift();
lit();
renew();
poll();
setInterval(tick, 1000);
setInterval(drift, 60000);
