for (const b of document.querySelectorAll("[data-print-button]")) { b.parentElement.hidden = false; b.addEventListener("click", () => print()); }
