let asked;
addEventListener("beforeinstallprompt", (e) => {
  e.preventDefault();
  asked = e;
  for (const b of document.querySelectorAll("[data-install], [data-install-place]")) b.hidden = false;
});
for (const b of document.querySelectorAll("[data-install]")) b.addEventListener("click", () => asked && asked.prompt());
