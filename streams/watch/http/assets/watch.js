// Puts the newest page in place of the shown one, every few seconds while somebody looks at it.
const EVERY_MS = 5000;

async function refresh() {
  if (document.hidden) return;
  try {
    const answer = await fetch(location.pathname, { signal: AbortSignal.timeout(EVERY_MS) });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of ["main", "footer"]) {
      document.querySelector(part).replaceChildren(...page.querySelector(part).childNodes);
    }
    document.body.classList.remove("stale");
  } catch {
    document.body.classList.add("stale");
  }
}

setInterval(refresh, EVERY_MS);
document.addEventListener("visibilitychange", refresh);
