// What the page says when there is nothing to show, and what to do about it. Pure.

import { lower } from "./labels.js";
import { Away, Busy, KeyWanted } from "./service.js";

export const EMPTY_WALL = {
  art: "pins",
  title: "No pins yet",
  text: "Publish some pictures, and each will hang here the moment a search can find it:",
  code: "pinstream publish --images ~/Pictures",
};

export const NOWHERE_NOTICE = {
  art: "lost",
  title: "There is nothing at this address",
  text: "It may have been cut short when it was copied.",
  home: true,
};

const ABSENT = {
  deleted: {
    art: "gone",
    title: "This pin was deleted",
    text: "Whoever saved it took it back, and it left every search at once.",
    home: true,
  },
  "not-indexed-yet": {
    art: "wait",
    title: "This pin is on its way",
    text: "It was published, and will open here by itself the moment a search can find it.",
    retry_s: 1,
  },
  dead: { art: "gone", title: "This pin could not be indexed", home: true },
  unknown: {
    art: "lost",
    title: "No such pin",
    text: "Nothing was published under this name. Check the address, or look for it on the wall.",
    home: true,
  },
};

/** The notice for an error: `{art, title, text, retry_s?, retry?, home?, key?}`; `retry_s` asks again by itself. */
export function noticeOf(error, failures = 1) {
  if (error instanceof Busy) {
    return { art: "wait", title: "Very busy just now", text: "Trying again in a moment.", retry_s: error.retryAfter_s };
  }
  if (error instanceof Away) {
    return {
      art: "away",
      title: "The service is away",
      text: "It will be asked again until it is back; nothing needs to be done here.",
      retry_s: Math.min(2 ** (failures - 1), 15),
      retry: true,
    };
  }
  if (error instanceof KeyWanted) {
    return { art: "key", title: "This service wants a key", text: "Whoever runs it gives them out.", key: true };
  }
  const absent = ABSENT[error.state];
  if (absent) return { ...absent, text: absent.text ?? `The service gave up on it: ${error.message}` };
  return { art: "lost", title: "That did not work", text: error.message, home: true };
}

/** What an empty answer says, and whether letting more in could help. */
export function emptyHits({ asks, shop }, label) {
  if (shop) return { title: "Nothing like it in the shop", text: "Look everywhere instead?", widen: "everywhere" };
  if (asks.kind === "similar" && !asks.anyLabel) {
    return { title: `No other ${lower(label)} yet`, text: "Let things of other kinds in?", widen: "label" };
  }
  if (asks.kind === "flashlight") return { title: "Nothing looks like this part yet", text: "Try a larger box." };
  return { title: "Nothing like it yet", text: "It is one of a kind, until somebody saves something alike." };
}
