// A page may be read long after it was built: what is over must not read as current, and "demain" is told of today.

import { say } from "./words.js";

const { zone } = document.documentElement.dataset;
const DAY = new Intl.DateTimeFormat("sv", { timeZone: zone }); // 2026-05-04
const dayOf = (at) => DAY.format(at);
const every = (selector, act, within = document) => within.querySelectorAll(selector).forEach(act);

/** What has ended is hidden, or marked, as the template asks. */
function end(element, now) {
  if (Date.parse(element.dataset.end) > now) return;
  element.classList.add("is-over");
  if (element.dataset.over === "hide") element.hidden = true;
  every("[data-over-label]", (label) => (label.hidden = false), element);
}

/** A list of which nothing is left says so. */
function sayEmpty(list) {
  const left = [...list.children].some((one) => !one.hidden);
  const sentence = list.parentElement.querySelector("[data-empty]");
  list.hidden = !left;
  if (sentence) sentence.hidden = left;
}

/** How many alerts still run, from the instants of their ends. */
function count(place, now) {
  const left = place.dataset.alertCount.split(" ").filter((at) => Date.parse(at) > now).length;
  place.hidden = !left;
  place.querySelector("[data-count]").textContent = left;
}

/** The line that folds the milder alerts: its number, or the one title that is left. */
function fold(details) {
  const left = [...details.querySelectorAll("li")].filter((one) => !one.hidden);
  details.hidden = !left.length;
  const words = details.querySelector("[data-fold]");
  if (words && left.length) words.textContent = left.length > 1 ? `${left.length} ${say("messages en cours")}` : left[0].dataset.title;
}

function banner(section) {
  section.hidden = ![...section.children].some((one) => !one.hidden);
}

/** "Aujourd’hui", "Demain", "Ce week-end"; nothing for what is further. */
function badge(place, now) {
  const scope = place.closest(".event, .event-box");
  const first = scope?.querySelector("[data-day]")?.getAttribute("datetime");
  const over = Date.parse(scope?.closest("[data-end]")?.dataset.end ?? place.closest("[data-end]")?.dataset.end) <= now;
  const words = first && !over ? near(first, now) : "";
  place.textContent = words;
  place.hidden = !words;
}

function near(first, now) {
  const today = dayOf(now);
  const days = Math.round((Date.parse(first) - Date.parse(today)) / 86400000);
  if (days < 0) return say("En ce moment");
  if (days < 2) return [say("Aujourd’hui"), say("Demain")][days];
  const weekday = (date) => new Date(date).getUTCDay() || 7;
  const thisWeek = days <= 7 - weekday(today);
  return thisWeek && weekday(first) >= 6 ? say("Ce week-end") : "";
}

function sweep() {
  const now = Date.now();
  every("[data-end]", (element) => end(element, now));
  every("[data-list]", sayEmpty);
  every("[data-alert-count]", (place) => count(place, now));
  every(".banner-more", fold);
  every(".banner", banner);
  every("[data-day-badge]", (place) => badge(place, now));
}

sweep();
setInterval(sweep, 30000);
addEventListener("pageshow", sweep);
document.addEventListener("visibilitychange", sweep);
