// Runs before the first paint: tells the styles that JavaScript is here and applies the stored colour scheme.
(() => {
  const root = document.documentElement;
  root.dataset.js = "";
  try {
    const stored = localStorage.getItem("theme");
    if (stored === "light" || stored === "dark") root.dataset.theme = stored;
  } catch {
    // Storage is forbidden here: the system's scheme stays.
  }
})();
