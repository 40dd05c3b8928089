// The form of an item: rows for new attributes, what is marked to be removed, and the size while it is typed. The server
// counts and checks again; nothing in here decides.
(() => {
  "use strict";

  const bytes = (text) => new TextEncoder().encode(text).length;

  // As DynamoDB counts: a number takes about a byte for two digits and one more, a map or list 3 and 1 for each part
  function sizeOfNumber(text) {
    const digits = String(text).replace(/e.*$/i, "").replace(/[^0-9]/g, "").replace(/^0+|0+$/g, "");
    return Math.ceil((digits.length || 1) / 2) + 1 + (String(text).trim().startsWith("-") ? 1 : 0);
  }

  function sizeOfBase64(text) {
    const plain = String(text).replace(/[\s=]/g, "");
    return Math.floor((plain.length * 3) / 4);
  }

  function sizeOf(value) {
    const [kind, content] = Object.entries(value ?? {})[0] ?? [];
    if (kind === "S") return bytes(String(content));
    if (kind === "N") return sizeOfNumber(content);
    if (kind === "B") return sizeOfBase64(content);
    if (kind === "M") {
      return Object.entries(content).reduce((sum, [name, part]) => sum + 1 + bytes(name) + sizeOf(part), 3);
    }
    if (kind === "L") return content.reduce((sum, part) => sum + 1 + sizeOf(part), 3);
    if (kind === "SS" || kind === "NS" || kind === "BS") {
      return content.reduce((sum, member) => sum + sizeOf({ [kind[0]]: member }), 0);
    }
    return 1;
  }

  function valueOf(code, text) {
    if (code === "SQ") return { S: JSON.parse(text) };
    return ["M", "L", "SS", "NS", "BS"].includes(code) ? { [code]: JSON.parse(text) } : { [code]: text };
  }

  // The parts of the form as [name, value]; it throws for what is no JSON
  function* attributes(form) {
    const raw = form.querySelector("[data-raw]");
    if (raw) return yield* Object.entries(JSON.parse(raw.value));
    for (const key of form.querySelectorAll("[data-key]")) yield [key.dataset.name, valueOf(key.dataset.key, key.value)];
    for (const row of form.querySelectorAll("[data-row]")) {
      const name = row.querySelector("[data-new-name]")?.value ?? row.dataset.name;
      const fixed = row.querySelector("[data-fixed]");
      const value = row.querySelector("[data-value]");
      if (!name || row.querySelector("[data-remove]")?.checked) continue;
      if (fixed) yield [name, valueOf(fixed.dataset.fixed, fixed.textContent)];
      else if (value) yield [name, valueOf(row.querySelector("[data-type]").value, value.value)];
    }
  }

  const told = (size) => `${size.toLocaleString("en-GB")} bytes`;

  function count(form) {
    const place = form.querySelector("[data-size]");
    if (!place) return;
    const most = Number(place.dataset.most);
    let text;
    let over = false;
    try {
      const size = [...attributes(form)].reduce((sum, [name, value]) => sum + bytes(name) + sizeOf(value), 0);
      over = size > most;
      text = over ? `About ${told(size)}: too large, ${told(most)} at most` : `About ${told(size)} of ${told(most)}`;
    } catch {
      text = "Not valid JSON so far";
    }
    if (place.textContent !== text) place.textContent = text;
    place.toggleAttribute("data-over", over);
  }

  function addRow(button) {
    const rows = button.closest("form").querySelectorAll("[data-new]");
    const last = rows[rows.length - 1];
    const row = last.cloneNode(true);
    for (const field of row.querySelectorAll("input, textarea")) {
      field.value = "";
      field.removeAttribute("aria-invalid");
    }
    row.querySelector(".error")?.remove();
    row.querySelector("select").selectedIndex = 0;
    row.setAttribute("aria-label", `New attribute ${rows.length + 1}`);
    last.after(row);
    row.querySelector("[data-new-name]").focus();
  }

  // A type that takes no value, or one line of it, says so
  function fit(row) {
    const type = row.querySelector("[data-type]")?.value;
    const value = row.querySelector("[data-value]");
    if (value) value.readOnly = type === "NULL";
  }

  let counting = 0;
  const later = (form) => {
    clearTimeout(counting);
    counting = setTimeout(() => count(form), 200);
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-add-row]");
    if (button) addRow(button);
  });

  for (const name of ["input", "change"]) {
    document.addEventListener(name, (event) => {
      const form = event.target.closest?.("[data-item-form]");
      if (!form) return;
      const row = event.target.closest("[data-row]");
      if (row) {
        fit(row);
        row.classList.toggle("is-removed", Boolean(row.querySelector("[data-remove]")?.checked));
      }
      later(form);
    });
  }

  function settle() {
    for (const form of document.querySelectorAll("[data-item-form]")) {
      form.querySelectorAll("[data-row]").forEach(fit);
      count(form);
    }
  }

  document.addEventListener("DOMContentLoaded", settle);
  addEventListener("pageshow", settle);
})();
