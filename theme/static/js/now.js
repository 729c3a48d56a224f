// What is over since the build must not read as current.
function sweep() {
  for (const e of document.querySelectorAll("[data-end]")) {
    if (Date.parse(e.dataset.end) > Date.now()) continue;
    if (e.dataset.over === "hide") e.hidden = true;
    for (const label of e.querySelectorAll("[data-over-label]")) label.hidden = false;
  }
}
sweep();
setInterval(sweep, 60000);
