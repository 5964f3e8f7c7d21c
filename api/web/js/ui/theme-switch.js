// The button that switches between light and dark; the choice is stored in this browser only.

import { icon } from "./icons.js";

const dark = matchMedia("(prefers-color-scheme: dark)");

export function startThemeSwitch(node) {
  const now = () => document.documentElement.dataset.theme ?? (dark.matches ? "dark" : "light");
  const write = () => {
    const other = now() === "dark" ? "light" : "dark";
    node.replaceChildren(icon(other === "dark" ? "moon" : "sun"));
    node.setAttribute("aria-label", `Switch to ${other} colours`);
  };
  node.addEventListener("click", () => {
    document.documentElement.dataset.theme = now() === "dark" ? "light" : "dark";
    try {
      localStorage.setItem("pinstream-theme", now());
    } catch {
      // See theme.js.
    }
    write();
  });
  dark.addEventListener("change", write);
  write();
}
