// The flags: folders that were closed stay closed when the matrix is renewed, focus stays on its link, and what was
// revealed hides itself.
(() => {
  "use strict";

  const MATRIX = "flags-matrix";
  let closed = [];
  let focused = "";

  document.addEventListener("htmx:oobBeforeSwap", (event) => {
    const matrix = event.detail.target;
    if (matrix?.id !== MATRIX) return;
    closed = [...matrix.querySelectorAll("details[data-folder]:not([open])")].map((one) => one.dataset.folder);
    const at = document.activeElement;
    focused = matrix.contains(at) ? (at.getAttribute("href") ?? "") : "";
  });

  document.addEventListener("htmx:oobAfterSwap", () => {
    const matrix = document.getElementById(MATRIX);
    if (!matrix) return;
    for (const folder of matrix.querySelectorAll("details[data-folder]")) {
      if (closed.includes(folder.dataset.folder)) folder.open = false;
    }
    if (focused) matrix.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus();
    focused = "";
  });

  // [data-hides="30"]: taken off the page after so many seconds, and at once when the page is left or hidden
  function hide(part) {
    const note = part.parentElement?.querySelector("[data-hidden-note]");
    part.remove();
    if (note) note.hidden = false;
  }

  const revealed = () => document.querySelectorAll("[data-hides]");
  document.addEventListener("DOMContentLoaded", () => {
    for (const part of revealed()) setTimeout(() => hide(part), Number(part.dataset.hides) * 1000);
  });
  addEventListener("pagehide", () => revealed().forEach(hide));
  document.addEventListener("visibilitychange", () => document.hidden && revealed().forEach(hide));
})();
