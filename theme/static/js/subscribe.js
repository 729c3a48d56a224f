// The page "Recevoir les alertes". One state is shown at a time; what went wrong is said in a sentence that tells what
// holds now. Either both halves of a subscription exist, the browser's and the service's, or none does.

import { able, current, forget, Refused, remember, remembered, Slow, subscribe, tell } from "./subscription.js";

const place = document.getElementById("recevoir");
const form = document.getElementById("subscribe");
const button = document.getElementById("subscribe-button");
const progress = document.getElementById("subscribe-progress");
const limit = () => Number(place.dataset.timeout) || 20000;
const find = (name) => place.querySelector(`[data-${name}]`);

// What citizens choose: the names of groups of check boxes. All of a group is sent as none, so that a category or an
// area that the commune opens later comes too.
const GROUPS = ["categories", "areas"];

const WORDS = {
  subscribe: "Recevoir les alertes",
  save: "Enregistrer mes choix",
  permission: "Votre navigateur vous pose une question : répondez « Autoriser ».",
  waiting: "Un instant, nous préparons cet appareil…",
  ignored: "Le navigateur n’a pas eu votre réponse. Touchez de nouveau le bouton, puis « Autoriser ».",
  slow: "Le service de notification de votre navigateur ne répond pas. Vous n’êtes pas inscrit ; réessayez dans quelques minutes, ou depuis un autre réseau.",
  vendor: "Votre navigateur n’a pas pu s’inscrire auprès de son service de notification. Réessayez plus tard, ou avec un autre navigateur.",
  server: "Notre service ne répond pas. Rien n’a été enregistré : réessayez dans quelques minutes.",
  kept: "Vos nouveaux choix n’ont pas pu être enregistrés : les anciens restent en vigueur. Réessayez dans quelques minutes.",
  erased: "Cet appareil ne recevra plus rien, et nous n’en gardons aucune trace.",
  later: "Cet appareil ne recevra plus rien. Le réseau a manqué pour effacer son adresse chez nous : elle le sera au prochain envoi.",
};

// Choices in the form

const boxes = (group) => [...form.querySelectorAll(`[name="${group}"]`)];

function chosen(group) {
  const on = boxes(group).filter((box) => box.checked);
  return on.length === boxes(group).length ? [] : on.map((box) => box.value);
}

const choices = () => ({
  ...Object.fromEntries(GROUPS.map((group) => [group, chosen(group)])),
  alerts_only: form.elements.alerts_only.checked,
  quiet: form.elements.quiet.value,
});

function fill(kept) {
  for (const group of GROUPS) {
    const wanted = kept[group] || [];
    for (const box of boxes(group)) box.checked = !wanted.length || wanted.includes(box.value);
  }
  form.elements.alerts_only.checked = Boolean(kept.alerts_only);
  form.elements.quiet.value = kept.quiet ?? form.elements.quiet.options[0].value;
}

/** Whether each group has a box checked; else its sentence is shown and the first box takes the focus. */
function complete() {
  const empty = GROUPS.filter((group) => boxes(group).length && !boxes(group).some((box) => box.checked));
  for (const group of GROUPS) mark(group, empty.includes(group));
  if (empty.length) boxes(empty[0])[0].focus();
  return !empty.length;
}

function mark(group, wrong) {
  const sentence = document.getElementById(`${group}-error`);
  if (!sentence) return;
  sentence.hidden = !wrong;
  for (const box of boxes(group)) {
    if (wrong) box.setAttribute("aria-describedby", sentence.id);
    else box.removeAttribute("aria-describedby");
    box.setAttribute("aria-invalid", String(wrong));
  }
}

/** The choices in words: "Vous recevrez Alertes et Agenda, pour toute la commune." */
function summary(kept) {
  const list = new Intl.ListFormat("fr", { type: "conjunction" });
  const names = (group) => {
    const wanted = kept[group] || [];
    const among = boxes(group).filter((box) => wanted.includes(box.value));
    return among.map((box) => box.closest("label").querySelector("strong").textContent);
  };
  const what = names("categories");
  const where = names("areas");
  const all = what.length ? `Vous recevez : ${list.format(what)}` : "Vous recevez toutes les rubriques";
  const first = kept.alerts_only ? "Vous recevez les alertes, et rien d’autre" : all;
  const home = where.length ? `pour ${list.format(where)} et ce qui concerne` : "pour";
  return `${first}, ${home} toute la commune. ${night(kept)}`;
}

function night(kept) {
  const hours = [...form.elements.quiet.options].find((option) => option.value && option.value === (kept.quiet ?? ""));
  return hours ? `Rien ne sonne ${hours.textContent}, sauf danger.` : "Cela sonne à toute heure.";
}

// States

/** Show one state, or none. After an act of the citizen it takes the focus; on arrival it does not. */
function show(name, words = "", focus = true) {
  for (const state of place.querySelectorAll("[data-state]")) state.hidden = state.dataset.state !== name;
  const shown = name && place.querySelector(`[data-state="${name}"]`);
  const sentence = shown && shown.querySelector("[data-message], [data-trace]");
  if (sentence && words) sentence.textContent = words;
  if (shown && focus) shown.focus();
}

function showForm(label) {
  form.hidden = false;
  find("cancel").hidden = label !== WORDS.save;
  button.querySelector("[data-label]").textContent = label;
}

async function showSubscribed(kept, focus) {
  fill(kept);
  find("summary").textContent = summary(kept);
  form.hidden = true;
  show("subscribed", "", focus);
}

/** Where there is nothing to press: the browser, or the citizen, does not allow it. */
function blocked(focus) {
  if (!able) show(needsInstall() ? "ios" : "unsupported", "", focus);
  else if (Notification.permission === "denied") show("denied", "", focus);
  else return false;
  form.hidden = true;
  return true;
}

/** Safari on iPhone and iPad knows push only in an app on the home screen; iPads say that they are Macs. */
function needsInstall() {
  const apple = /iPhone|iPad|iPod/.test(navigator.userAgent);
  const pad = /Macintosh/.test(navigator.userAgent) && navigator.maxTouchPoints > 1;
  const standalone = navigator.standalone || matchMedia("(display-mode: standalone)").matches;
  return (apple || pad) && !standalone;
}

// Acts, one at a time: a second press while one runs does nothing.

let busy = false;

async function act(pressed, work) {
  if (busy) return;
  busy = true;
  pressed.setAttribute("aria-busy", "true");
  try {
    await work();
  } catch (error) {
    failed(error);
  } finally {
    busy = false;
    progress.textContent = "";
    pressed.removeAttribute("aria-busy");
  }
}

function failed(error) {
  if (!navigator.onLine) show("offline");
  else if (!blocked(true)) show("error", sentence(error));
}

function sentence(error) {
  if (error.said) return error.said;
  if (error instanceof Slow) return WORDS.slow;
  if (error instanceof Refused) return error.message ? `Notre service a refusé : ${error.message}` : WORDS.server;
  return ["AbortError", "NotAllowedError", "InvalidStateError"].includes(error.name) ? WORDS.vendor : WORDS.server;
}

const saying = (said) => Object.assign(new Error(said), { said });

async function receive() {
  if (!complete()) return;
  if (!navigator.onLine) return show("offline");
  progress.textContent = WORDS.permission;
  const permission = await Notification.requestPermission();
  if (permission === "denied") return blocked(true);
  if (permission !== "granted") throw saying(WORDS.ignored);
  progress.textContent = WORDS.waiting;
  const known = await current(limit());
  const subscription = await subscribe(limit());
  const wanted = choices();
  await confirmed(subscription, wanted, known && known.endpoint === subscription.endpoint);
  await showSubscribed(wanted, true);
}

/** Tell the service; where it fails, a new subscription is withdrawn in the browser too, and a known one stays. */
async function confirmed(subscription, wanted, known) {
  try {
    await tell(subscription, wanted);
  } catch (error) {
    const before = known && (await remembered());
    if (before) throw saying(WORDS.kept);
    await subscription.unsubscribe().catch(() => {});
    throw error;
  }
}

async function stop() {
  const subscription = await current(limit());
  let erased = true;
  if (subscription) {
    erased = await forget(subscription).then(() => true, () => false);
    await subscription.unsubscribe();
  }
  await remember(null);
  showForm(WORDS.subscribe);
  show("stopped", erased ? WORDS.erased : WORDS.later);
}

function edit() {
  showForm(WORDS.save);
  show("");
  boxes(GROUPS[0])[0].focus();
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  act(button, receive);
});
form.addEventListener("change", (event) => mark(event.target.name, false));
find("stop").addEventListener("click", (event) => act(event.currentTarget, stop));
find("undo").addEventListener("click", (event) => act(event.currentTarget, receive));
find("edit").addEventListener("click", edit);
find("cancel").addEventListener("click", () => remembered().then((kept) => showSubscribed(kept.choices, true)));

// Arrival

async function arrive() {
  if (blocked(false)) return;
  showForm(WORDS.subscribe);
  if (!navigator.onLine) show("offline", "", false);
  const subscription = Notification.permission === "granted" ? await current(limit()) : null;
  const kept = subscription && (await remembered());
  if (kept) await showSubscribed(kept.choices, false);
}

/** The citizen changed a setting of the browser, or the network came back: the page follows without a reload. */
function follow() {
  const offline = place.querySelector('[data-state="offline"]');
  addEventListener("online", () => offline.hidden || show(""));
  navigator.permissions?.query({ name: "notifications" }).then((status) => {
    status.onchange = () => arriveAnew();
  }, () => {});
}

function arriveAnew() {
  if (busy) return;
  show("");
  arrive();
}

follow();
arrive().catch(() => {});
