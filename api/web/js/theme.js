// Light or dark as chosen before, set before anything is painted; without a choice the system's.
// A classic script, since modules run too late for that.

{
  let chosen = null;
  try {
    chosen = localStorage.getItem("pinstream-theme");
  } catch {
    // Storage may be forbidden: then the choice lasts as long as the page.
  }
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
}
