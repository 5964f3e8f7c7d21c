// The texts of notices: what happened, and what to do. Pure.

import { lower } from "./labels.js";
import { Busy, KeyNeeded, Unavailable, retryDelay_s } from "../service/api.js";

export const EMPTY_WALL = {
  art: "pins",
  title: "No pins yet",
  text: "Publish some pictures. Each appears here as soon as a search can find it:",
  code: "pinstream publish --images ~/Pictures",
};

export const NOT_FOUND_NOTICE = {
  art: "lost",
  title: "There is nothing at this address",
  text: "Perhaps it was not copied completely.",
  home: true,
};

const MISSING = {
  deleted: {
    art: "gone",
    title: "This pin was deleted",
    text: "Its owner deleted it. No search finds it any more.",
    home: true,
  },
  "not-indexed-yet": {
    art: "wait",
    title: "This pin is on its way",
    text: "It was published and is being indexed. It opens here as soon as a search can find it.",
    retry_s: 1,
  },
  dead: { art: "gone", title: "This pin could not be indexed", home: true },
  unknown: {
    art: "lost",
    title: "No such pin",
    text: "No pin with this id is known. Check the address, or look for the pin on the wall.",
    home: true,
  },
};

/** The notice for an error: `{art, title, text, retry_s?, retry?, home?, key?}`; after `retry_s` the caller retries. */
export function noticeOf(error, failures = 1) {
  if (error instanceof Busy) {
    const text = "The page tries again in a moment.";
    return { art: "wait", title: "The service is busy", text, retry_s: error.retryAfter_s };
  }
  if (error instanceof Unavailable) {
    return {
      art: "disconnected",
      title: "The service does not answer",
      text: "The page tries again until it does. You need not do anything.",
      retry_s: retryDelay_s(failures),
      retry: true,
    };
  }
  if (error instanceof KeyNeeded) {
    const text = "Ask the people who run it for one.";
    return { art: "key", title: "This service needs an API key", text, key: true };
  }
  const missing = MISSING[error.state];
  if (missing) return { ...missing, text: missing.text ?? `Reason: ${error.message}` };
  return { art: "lost", title: "That did not work", text: error.message, home: true };
}

/** The notice for a search without hits; `widen` says which filter to drop. */
export function emptyHits({ search, shop }, label) {
  if (shop) return { title: "Nothing similar in the shop", text: "Search all pins instead?", widen: "everywhere" };
  if (search.kind === "similar" && !search.anyLabel) {
    return { title: `No other ${lower(label)} yet`, text: "Search objects of any kind instead?", widen: "label" };
  }
  if (search.kind === "flashlight") return { title: "Nothing looks like this part yet", text: "Try a larger box." };
  return { title: "Nothing similar yet", text: "Similar pins appear here once somebody saves them." };
}
