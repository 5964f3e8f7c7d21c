// Prepares the user's photo in the browser: only pixels leave it, no metadata, and no more than a search needs.

const MAX_SIDE_PX = 1600;
const QUALITY = 0.92;

/** The file is not a picture that the browser can read. */
export class Unreadable extends Error {}

/**
 * `{blob, url, ratio}`: the photo upright, as a JPEG without metadata (location, camera, time), and an address for an
 * `img`. Throws Unreadable.
 */
export async function preparePhoto(file) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    throw new Unreadable("This is not a picture that the browser can read. Try a JPEG, PNG or WebP file.");
  }
  const { width, height } = fitWithin(bitmap, MAX_SIDE_PX);
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
export function fitWithin({ width, height }, longest_px) {
  const scale = Math.min(1, longest_px / Math.max(width, height));
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

/** The first picture among pasted or dropped files, or null. */
export function firstPictureIn(transfer) {
  return [...(transfer?.files ?? [])].find(({ type }) => type.startsWith("image/")) ?? null;
}

/** Calls `take(file)` for pictures pasted or dropped anywhere; `overlay` shows while one is dragged over the page. */
export function acceptDropsAndPastes(take, overlay) {
  let over = 0;
  const hasFile = (event) => [...event.dataTransfer.types].includes("Files");
  const showOverlay = (on) => (overlay.hidden = !on);
  addEventListener("paste", (event) => {
    const file = firstPictureIn(event.clipboardData);
    if (file) take(file);
  });
  addEventListener("dragenter", (event) => {
    if (!hasFile(event)) return;
    over += 1;
    showOverlay(true);
  });
  addEventListener("dragleave", (event) => {
    if (!hasFile(event)) return;
    over -= 1;
    if (over <= 0) showOverlay(false);
  });
  addEventListener("dragover", (event) => hasFile(event) && event.preventDefault());
  addEventListener("drop", (event) => {
    if (!hasFile(event)) return;
    event.preventDefault();
    over = 0;
    showOverlay(false);
    const file = firstPictureIn(event.dataTransfer) ?? event.dataTransfer.files[0];
    if (file) take(file);
  });
}
