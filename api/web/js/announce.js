// What screen readers are told: one polite voice, the last word of a moment only, so that nothing shouts.

const QUIET_MS = 700;

let timer = null;

/** Says `text` once things have been quiet for a moment; what was to be said before is dropped. */
export function announce(text) {
  clearTimeout(timer);
  timer = setTimeout(() => {
    document.getElementById("voice").textContent = text;
  }, QUIET_MS);
}
