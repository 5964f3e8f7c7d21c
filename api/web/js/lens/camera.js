// The camera in a dialog, with a button that takes the photo. The camera is off when the dialog is closed.

import { button, element } from "../ui/dom.js";
import { icon } from "../ui/icons.js";

/** Whether this browser lets a page ask for a camera. */
export const hasCamera = () => Boolean(navigator.mediaDevices?.getUserMedia);

/** The photo, or null if the dialog was closed; throws the browser's error if there is no camera. */
export async function takePhoto() {
  const stream = await navigator.mediaDevices.getUserMedia({
    video: { facingMode: "environment", width: { ideal: 1600 }, height: { ideal: 1200 } },
  });
  const video = element("video", { autoplay: true, playsinline: true, muted: true });
  video.srcObject = stream;
  let taken = null;
  const dialog = element(
    "dialog.camera",
    { "aria-label": "Camera" },
    video,
    element(
      "div.camera-tools",
      {},
      button(".icon-button", () => dialog.close(), { "aria-label": "Close the camera" }, icon("close")),
      button(
        ".shutter",
        async () => {
          taken = await frameOf(video);
          dialog.close();
        },
        { "aria-label": "Take the photo" },
      ),
    ),
  );
  document.body.append(dialog);
  dialog.showModal();
  await new Promise((resolve) => dialog.addEventListener("close", resolve, { once: true }));
  stream.getTracks().forEach((track) => track.stop());
  dialog.remove();
  return taken;
}

function frameOf(video) {
  const canvas = Object.assign(document.createElement("canvas"), {
    width: video.videoWidth,
    height: video.videoHeight,
  });
  canvas.getContext("2d").drawImage(video, 0, 0);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}
