// Applies the stored choice of light or dark before anything is painted; without one the system's setting applies.
// A classic script, since modules run after the first paint.

{
  let chosen = null;
  try {
    chosen = localStorage.getItem("pinstream-theme");
  } catch {
    // Storage may be forbidden: then the choice is lost with the page.
  }
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
}
