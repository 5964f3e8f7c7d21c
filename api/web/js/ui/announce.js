// Announcements to screen readers, through one polite live region; of several within 700 ms, only the last.

const QUIET_MS = 700;

let timer = null;

export function announce(text) {
  clearTimeout(timer);
  timer = setTimeout(() => {
    document.getElementById("live-region").textContent = text;
  }, QUIET_MS);
}
