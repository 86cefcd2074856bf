// Comfort only: every page and form works without this file.
(() => {
  "use strict";
  const typing = (el) => el.matches("input, textarea, select, [contenteditable]");

  document.addEventListener("keydown", (event) => {
    // "/" goes to the search field of the page.
    if (event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && !typing(event.target)) {
      const search = document.querySelector("[data-search]");
      if (search) {
        event.preventDefault();
        search.focus();
        search.select();
      }
    }
    if (event.key === "Escape") {
      for (const menu of document.querySelectorAll("details.menu[open]")) {
        menu.open = false;
        menu.querySelector("summary")?.focus();
      }
    }
  });

  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
    const button = event.target.closest("[data-copy], [data-print]");
    if (!button) return;
    if (button.hasAttribute("data-print")) {
      window.print();
      return;
    }
    const source = document.getElementById(button.dataset.copy);
    if (source) {
      navigator.clipboard?.writeText(source.textContent.trim()).then(() => {
        button.classList.add("is-done");
        setTimeout(() => button.classList.remove("is-done"), 1600);
      });
    }
  });

  // Sending twice by a nervous double click: the second one is dropped.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || event.defaultPrevented) return;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "yes";
    setTimeout(() => delete form.dataset.sent, 4000);
  });

  const left = () => {
    for (const clock of document.querySelectorAll("[data-until]")) {
      const minutes = Math.ceil((Date.parse(clock.dataset.until) - Date.now()) / 60000);
      clock.textContent = clock.dataset.words.replace("#", Math.max(0, minutes));
    }
  };

  const ready = () => {
    for (const button of document.querySelectorAll("[data-copy], [data-print]")) button.hidden = false;
    left();
    document.querySelector("[aria-invalid=true]")?.focus();
  };
  setInterval(left, 15000);
  document.addEventListener("DOMContentLoaded", ready);
  document.addEventListener("htmx:after:swap", ready);
})();
