// The browser's own offer to install, kept until the citizen presses our button; gone once the app is there.

const places = document.querySelectorAll("[data-install], [data-install-place]");
const standalone = matchMedia("(display-mode: standalone)").matches || navigator.standalone;
let offer = null;

const show = (visible) => places.forEach((place) => (place.hidden = !visible));

addEventListener("beforeinstallprompt", (event) => {
  event.preventDefault();
  if (standalone) return;
  offer = event;
  show(true);
});

addEventListener("appinstalled", () => show(false));

async function install() {
  if (!offer) return;
  const asked = offer;
  offer = null; // it serves once
  await asked.prompt();
  const { outcome } = await asked.userChoice;
  show(outcome !== "accepted");
}

for (const button of document.querySelectorAll("[data-install]")) button.addEventListener("click", install);

// Opened from its icon: the ways to get the icon are of no use.
document.documentElement.classList.toggle("is-app", Boolean(standalone));
