// The page of a table: filters that are added and taken away, what can be done with a value, and keys for the pages.
// Everything it puts into the page is text, and every link is made of parts that are encoded.
(() => {
  "use strict";

  const form = () => document.getElementById("asking");
  const menu = () => document.getElementById("value-menu");
  let data = null;

  const facts = () => (data ??= JSON.parse(document.getElementById("menu-data")?.textContent ?? '{"columns":{},"types":[]}'));

  // Filters: the spare row, which those without JavaScript fill in, is the model of a new one
  function addFilter() {
    const spare = document.querySelector("[data-spare]");
    const row = spare.cloneNode(true);
    row.removeAttribute("data-spare");
    row.removeAttribute("id");
    row.classList.remove("filter-spare");
    for (const field of row.querySelectorAll("input")) field.value = "";
    spare.before(row);
    fit(row);
    row.querySelector(".path").focus();
  }

  function dropFilter(button) {
    button.closest(".filter").remove();
    document.querySelector("[data-add-filter]").focus();
    document.body.dispatchEvent(new Event("asking"));
  }

  // A comparison that the type of the value does not take is not offered (a number does not begin with anything)
  function fit(row) {
    const kind = row.querySelector(".kind").value;
    const op = row.querySelector("[name=op]");
    for (const option of op.options) {
      const types = option.dataset.types;
      option.hidden = Boolean(types) && !types.split(" ").includes(kind);
    }
  }

  function changeKind(row) {
    fit(row);
    const op = row.querySelector("[name=op]");
    if (op.selectedOptions[0]?.hidden) op.value = "=";
  }

  // The keys of another index come from the server; what somebody has typed and chosen since they were asked for stays
  const KEPT = ["pk", "sk_op", "sk", "sk_to", "order", "size"];
  let typed = {};

  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target.id !== "controls") return;
    typed = Object.fromEntries(KEPT.map((id) => [id, document.getElementById(id)?.value]));
  });

  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target.id !== "controls") return;
    for (const id of KEPT) {
      const field = document.getElementById(id);
      const offered = field && [...(field.options ?? [])].map((option) => option.value);
      if (field && typed[id] !== undefined && (!field.options || offered.includes(typed[id]))) field.value = typed[id];
    }
    document.body.dispatchEvent(new Event("asking"));
  });

  // Values: arrows go from cell to cell, Enter or a click opens the menu of one
  const cellOf = (node) => node.closest?.("[data-items] tbody :is(td, th):not(.open-item)");

  function settle() {
    for (const table of document.querySelectorAll("[data-items]:not([role])")) {
      table.setAttribute("role", "grid");
      table.querySelector("tbody :is(td, th):not(.open-item)")?.setAttribute("tabindex", "0");
    }
    document.querySelectorAll(".filter").forEach(fit);
  }

  function goTo(cell) {
    const table = cell.closest("[data-items]");
    table.querySelector("tbody [tabindex='0']:is(td, th)")?.setAttribute("tabindex", "-1");
    cell.setAttribute("tabindex", "0");
    cell.focus();
  }

  function step(cell, key) {
    const row = cell.parentElement;
    const to = {
      ArrowLeft: cell.previousElementSibling,
      ArrowRight: cell.nextElementSibling,
      ArrowUp: row.previousElementSibling?.cells[cell.cellIndex],
      ArrowDown: row.nextElementSibling?.cells[cell.cellIndex],
      Home: row.cells[1],
      End: row.cells[row.cells.length - 1],
    }[key];
    if (to && !to.matches(".open-item")) goTo(to);
  }

  // The value of a cell as {"S": "text"}; null for one that is hidden, not there, or too long to be in the page
  function valueOf(cell) {
    const kind = cell.dataset.t;
    if (!kind || kind === "HIDDEN" || cell.dataset.big !== undefined) return null;
    return cell.dataset.j ? JSON.parse(cell.dataset.j) : { [kind]: cell.textContent };
  }

  function asText(value) {
    const [[kind, content]] = Object.entries(value);
    if (kind === "NULL") return "";
    if (kind === "BOOL") return content ? "true" : "false";
    return typeof content === "string" ? content : JSON.stringify(content);
  }

  function link(label, query, pairs) {
    const search = new URLSearchParams(query);
    for (const [name, text] of pairs) search.append(name, text);
    const anchor = document.createElement("a");
    anchor.role = "menuitem";
    anchor.textContent = label;
    anchor.href = `${location.pathname}?${search}`;
    return anchor;
  }

  function linksOf(column, value) {
    const [[kind]] = Object.entries(value);
    const text = asText(value);
    if (!facts().types.includes(kind) || text.length > 1500) return [];
    const found = [];
    if (column.filter) {
      const row = (op) => [["path", column.filter.path], ["op", op], ["type", kind], ["value", text], ["to", ""]];
      found.push(link("Only items with this value", column.filter.link, row("=")));
      found.push(link("Without this value", column.filter.link, row("!=")));
    }
    if (column.sort?.type === kind && text) found.push(link("Only this sort key", column.sort.link, [["sk", text]]));
    for (const follow of column.follow ?? []) {
      if (follow.type === kind && text) found.push(link(follow.label, follow.link, [["pk", text]]));
    }
    return found;
  }

  let asked = null;

  function openMenu(cell) {
    const value = valueOf(cell);
    if (cell.dataset.t === undefined) return;
    asked = cell;
    goTo(cell);
    const head = cell.closest("table").tHead.rows[0].cells[cell.cellIndex];
    const name = head.dataset.name;
    const floating = menu();
    const shown = value ? JSON.stringify(Object.values(value)[0]) : cell.textContent.trim();
    floating.setAttribute("aria-label", `What to do with ${name}`);
    floating.querySelector("[data-value-title]").textContent = `${name} = ${shown}`.slice(0, 120);
    const column = facts().columns[name] ?? {};
    floating.querySelector("[data-value-links]").replaceChildren(...(value ? linksOf(column, value) : []));
    for (const button of floating.querySelectorAll("[data-value-copy]")) button.hidden = !value;
    floating.showPopover();
    place(floating, cell.getBoundingClientRect());
    cell.classList.add("menu-open");
    floating.querySelector("[role=menuitem]:not([hidden])")?.focus();
  }

  function place(floating, at) {
    const gap = 4;
    const below = at.bottom + floating.offsetHeight + gap < innerHeight;
    const top = below ? at.bottom + gap : Math.max(gap, at.top - floating.offsetHeight - gap);
    floating.style.top = `${top}px`;
    floating.style.left = `${Math.max(gap, Math.min(at.left, innerWidth - floating.offsetWidth - gap))}px`;
  }

  function closeMenu(event) {
    if (event.newState !== "closed" || !asked) return;
    asked.classList.remove("menu-open");
    if (document.activeElement === document.body || menu().contains(document.activeElement)) asked.focus();
    asked = null;
  }

  function inMenu(event) {
    const items = [...menu().querySelectorAll("[role=menuitem]:not([hidden])")];
    const at = items.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    items.at(to % items.length)?.focus();
  }

  function copyValue(button) {
    const value = asked && valueOf(asked);
    if (!value) return;
    button.dataset.copy = button.dataset.valueCopy === "typed" ? JSON.stringify(value) : asText(value);
    setTimeout(() => menu().hidePopover(), 300);
  }

  // Capture: the text to copy stands in the button before the page's own listener looks for it
  document.addEventListener(
    "click",
    (event) => {
      const button = event.target.closest?.("[data-value-copy]");
      if (button) copyValue(button);
    },
    true,
  );

  document.addEventListener("click", (event) => {
    const at = (selector) => event.target.closest?.(selector);
    if (at("[data-add-filter]")) addFilter();
    if (at("[data-drop-filter]")) dropFilter(at("[data-drop-filter]"));
    const cell = cellOf(event.target);
    const marked = String(getSelection()).length > 0;
    if (cell && !at("a, button, summary, .whole") && !marked) openMenu(cell);
  });

  document.addEventListener("change", (event) => {
    const row = event.target.matches(".kind") && event.target.closest(".filter");
    if (row) changeKind(row);
  });

  // Empty rows are left out of the address, so that a link that is shared says only what was asked
  document.addEventListener("formdata", (event) => {
    if (event.target !== form()) return;
    const sent = [...event.formData.entries()];
    const spare = (from) => !sent[from][1] && !sent[from + 3][1] && !sent[from + 4][1];
    const without = sent.some(([name, text]) => (name === "sk" || name === "sk_to") && text) ? "" : "sk_op";
    for (const name of new Set(sent.map(([name]) => name))) event.formData.delete(name);
    for (let at = 0; at < sent.length; at += 1) {
      if (sent[at][0] === "path" && spare(at)) at += 4;
      else if (sent[at][0] === without) continue;
      else if (sent[at][1] || ["value", "to", "path"].includes(sent[at][0])) event.formData.append(...sent[at]);
    }
  });

  // [ and ] turn the pages, r reads again, ? shows the keys; never while somebody types
  const KEYS = { "[": "[data-previous]", "]": "[data-next]", r: "[data-again]" };

  document.addEventListener("keydown", (event) => {
    if (menu()?.contains(event.target)) return inMenu(event);
    const cell = event.target.matches?.("td, th") && cellOf(event.target);
    if (cell && (event.key === "Enter" || event.key === " ")) {
      event.preventDefault();
      return openMenu(cell);
    }
    if (cell && /^(Arrow|Home|End)/.test(event.key)) {
      event.preventDefault();
      return step(cell, event.key);
    }
    const typing = event.target.closest?.("input, textarea, select, dialog, [contenteditable]");
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "?") document.getElementById("keyboard")?.showModal();
    else if (KEYS[event.key]) document.querySelector(KEYS[event.key])?.click();
  });

  document.addEventListener("DOMContentLoaded", () => {
    menu()?.addEventListener("toggle", closeMenu);
    settle();
  });
})();
