// Everything the pages do in the browser. Each part enhances markup that already works without it, listens on the
// document (so it holds for parts that htmx swaps in), and is switched on by a data attribute.
(() => {
  "use strict";

  const say = (text) => {
    const live = document.getElementById("said");
    if (live) live.textContent = text;
  };

  // [data-copy="text"], or [data-copy-from="id"] for a long text that is on the page already
  async function copy(button) {
    const source = button.dataset.copyFrom && document.getElementById(button.dataset.copyFrom);
    const text = source ? (source.value ?? source.textContent) : button.dataset.copy;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = document.createElement("textarea");
      area.value = text;
      (button.closest("dialog") ?? document.body).append(area);
      area.select();
      const copied = document.execCommand("copy");
      area.remove();
      button.focus();
      if (!copied) return say("Copying is not allowed here. Select the text instead.");
    }
    button.dataset.done = "";
    say("Copied");
    setTimeout(() => delete button.dataset.done, 1600);
  }

  // [data-theme-switch]: the other scheme than the one on screen, kept in this browser
  function switchTheme() {
    const root = document.documentElement;
    const dark = root.dataset.theme
      ? root.dataset.theme === "dark"
      : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    try {
      localStorage.setItem("theme", root.dataset.theme);
    } catch {
      // Storage is forbidden here: the choice holds for this page.
    }
  }

  document.addEventListener("click", (event) => {
    const at = (selector) => event.target.closest?.(selector);
    const copier = at("[data-copy], [data-copy-from]");
    if (copier) copy(copier);
    if (at("[data-theme-switch]")) switchTheme();
    at("[data-dismiss]")?.closest(".notice")?.remove();
    at("[data-close]")?.closest("dialog")?.close();
    if (event.target instanceof HTMLDialogElement) event.target.close();
    // A link or button with [data-dialog="id"] opens that dialog; the link's own page serves those without JavaScript
    const opener = at("[data-dialog]");
    const dialog = opener && document.getElementById(opener.dataset.dialog);
    if (dialog) {
      event.preventDefault();
      opener.closest("details.menu")?.removeAttribute("open");
      dialog.showModal();
    }
    for (const menu of document.querySelectorAll("details[data-menu][open]")) {
      if (!menu.contains(event.target)) menu.removeAttribute("open");
    }
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      const menu = event.target.closest?.("details[data-menu][open]");
      if (menu) {
        menu.removeAttribute("open");
        menu.querySelector("summary").focus();
      }
    }
    const typing = event.target.closest?.("input, textarea, select, dialog, [contenteditable]");
    const search = document.querySelector("[data-search]");
    if (event.key === "/" && !typing && search && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      search.focus();
      search.select();
    }
  });

  // Forms with [data-once] are sent once; coming back through the history makes them usable again
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("[data-once]") || event.defaultPrevented) return;
    if (form.dataset.sent !== undefined) return event.preventDefault();
    form.dataset.sent = "";
    // Later than the submission, which leaves out the values of disabled buttons
    setTimeout(() => {
      for (const button of buttonsOf(form)) button.setAttribute("aria-disabled", "true");
    });
  });

  const buttonsOf = (form) => [...form.elements].filter((element) => element.matches("button:not([type=button])"));

  function reopen(form) {
    delete form.dataset.sent;
    for (const button of buttonsOf(form)) button.removeAttribute("aria-disabled");
  }

  addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach(reopen));
  document.addEventListener("htmx:afterRequest", (event) => {
    const form = event.target.closest?.("form[data-sent]");
    if (form) reopen(form);
  });

  // [data-confirm-name="dev-alice"]: its form's submit button works once exactly that is typed. The server checks too.
  function confirmName(input) {
    const matches = input.value.trim() === input.dataset.confirmName;
    for (const button of buttonsOf(input.form)) button.disabled = !matches;
  }

  // [data-mirror="field id"][data-pattern="orders-{}"]: shows what a name becomes while it is typed
  function mirror(output) {
    const value = document.getElementById(output.dataset.mirror)?.value.trim();
    output.textContent = (output.dataset.pattern ?? "{}").replaceAll("{}", value || output.dataset.empty || "…");
  }

  document.addEventListener("input", (event) => {
    if (event.target.matches("[data-confirm-name]")) confirmName(event.target);
    if (event.target.id) {
      document.querySelectorAll(`[data-mirror="${CSS.escape(event.target.id)}"]`).forEach(mirror);
    }
  });

  // A select or checkbox with [data-submit] sends its form: filters apply at once
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-submit]")) event.target.form.requestSubmit();
  });

  // <time>: local in the text, UTC in the title; relative times stay true while the page is open
  const steps = [[60, "s", 1], [3600, "min", 60], [86400, "h", 3600], [604800, "d", 86400]];
  const dated = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });
  const timed = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" });

  function relative(then, now) {
    const seconds = Math.floor(Math.abs(now - then) / 1000);
    const step = steps.find(([limit]) => seconds < limit);
    if (!step) return dated.format(then);
    if (seconds < 10) return then <= now ? "just now" : "in a moment";
    // What is past has lasted so long already; what is to come is told to the nearest.
    if (then <= now) return `${Math.floor(seconds / step[2])} ${step[1]} ago`;
    return `in ${Math.round(seconds / step[2])} ${step[1]}`;
  }

  function tellTimes() {
    const now = new Date();
    for (const element of document.querySelectorAll("time[data-when]")) {
      const then = new Date(element.dateTime);
      if (Number.isNaN(then.getTime())) continue;
      const text = element.dataset.when === "exact" ? timed.format(then) : relative(then, now);
      if (element.textContent !== text) element.textContent = text;
      element.dataset.utc ??= element.title;
      const title = `${timed.format(then)} here · ${element.dataset.utc}`;
      if (element.title !== title) element.title = title;
    }
  }

  // Parts with [data-live] poll through htmx. They rest while the page is hidden and catch up when it is seen again.
  document.addEventListener("htmx:beforeRequest", (event) => {
    const live = event.detail.elt.closest("[data-live]");
    const byPerson = event.detail.requestConfig?.triggeringEvent?.isTrusted;
    if (live && document.hidden && !byPerson) event.preventDefault();
  });
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    tellTimes();
    for (const live of document.querySelectorAll("[data-live]")) window.htmx?.trigger(live, "refresh");
  });

  // A poll that fails says so once; the next one that works takes it back
  const offline = (is) => {
    const bar = document.getElementById("offline");
    if (bar && bar.hidden === is) bar.hidden = !is;
  };
  for (const name of ["htmx:sendError", "htmx:timeout"]) document.addEventListener(name, () => offline(true));
  document.addEventListener("htmx:afterRequest", (event) => event.detail.successful && offline(false));

  // Signed out meanwhile: the sign-in page belongs in the window, not in the part that asked
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (!event.detail.serverResponse?.slice(0, 400).includes("data-entry")) return;
    event.detail.shouldSwap = false;
    location.reload();
  });

  function settle(root) {
    tellTimes();
    root.querySelectorAll("[data-confirm-name]").forEach(confirmName);
    root.querySelectorAll("[data-mirror]").forEach(mirror);
    root.querySelector("[data-focus]")?.focus();
  }

  document.addEventListener("htmx:load", (event) => settle(event.detail.elt.parentElement ?? document));
  document.addEventListener("DOMContentLoaded", () => settle(document));
  setInterval(() => document.hidden || tellTimes(), 10_000);
})();
