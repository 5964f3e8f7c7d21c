// A person's photo: made ready in the browser, so that only pixels leave it, and no larger than a search needs.

const LONGEST_PX = 1600;
const QUALITY = 0.92;

/** The photo cannot be read. */
export class Unreadable extends Error {}

/**
 * `{blob, url, ratio}`: the photo upright, as a JPEG without its metadata (place, camera, time), and an address for
 * an `img`. Raises Unreadable.
 */
export async function prepared(file) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    throw new Unreadable("This is not a picture that the browser can read. Try a JPEG, PNG or WebP file.");
  }
  const { width, height } = fitted(bitmap, LONGEST_PX);
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const context = canvas.getContext("2d");
  context.fillStyle = "#fff";
  context.fillRect(0, 0, width, height);
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, width, height);
  bitmap.close();
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
  return { blob, url: URL.createObjectURL(blob), ratio: width / height };
}

/** `{width, height}` with the same shape, the longer side at most `longest_px`. Pure. */
export function fitted({ width, height }, longest_px) {
  const scale = Math.min(1, longest_px / Math.max(width, height));
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

/** The first picture among what was pasted or dropped, or null. */
export function pictureIn(transfer) {
  return [...(transfer?.files ?? [])].find(({ type }) => type.startsWith("image/")) ?? null;
}

/** Takes pictures that are pasted, or dropped anywhere on the page; `veil` shows while one is held over it. */
export function takeFromEverywhere(take, veil) {
  let over = 0;
  const carriesFile = (event) => [...event.dataTransfer.types].includes("Files");
  const cover = (on) => (veil.hidden = !on);
  addEventListener("paste", (event) => {
    const file = pictureIn(event.clipboardData);
    if (file) take(file);
  });
  addEventListener("dragenter", (event) => {
    if (!carriesFile(event)) return;
    over += 1;
    cover(true);
  });
  addEventListener("dragleave", (event) => {
    if (!carriesFile(event)) return;
    over -= 1;
    if (over <= 0) cover(false);
  });
  addEventListener("dragover", (event) => carriesFile(event) && event.preventDefault());
  addEventListener("drop", (event) => {
    if (!carriesFile(event)) return;
    event.preventDefault();
    over = 0;
    cover(false);
    const file = pictureIn(event.dataTransfer) ?? event.dataTransfer.files[0];
    if (file) take(file);
  });
}
