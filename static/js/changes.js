// The page of a change: what a person has unfolded stays unfolded when the live part is swapped for a newer one.
(() => {
  "use strict";

  const open = new Set();

  // "toggle" does not bubble, but it can be caught on the way down
  document.addEventListener(
    "toggle",
    (event) => {
      const fold = event.target;
      if (!fold.matches?.("details[data-keep-open]") || !fold.isConnected) return;
      if (fold.open) open.add(fold.id);
      else open.delete(fold.id);
    },
    true,
  );

  document.addEventListener("htmx:afterSwap", () => {
    for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  });
})();
