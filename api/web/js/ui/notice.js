// A notice in place of what cannot be shown: a drawing, what happened, and what to do.

import { button, element, link } from "./dom.js";
import { icon, strokes } from "./icons.js";
import { useKey } from "../service/api.js";

const DRAWINGS = {
  pins: "M14 26h24v34H14zM46 14h24v28H46zM46 50h24v18H46zM14 14h24v4H14zM14 68h24M78 14h12v46H78zM78 68h12",
  lost: "M50 14c14 0 24 10 24 23 0 17-24 43-24 43S26 54 26 37c0-13 10-23 24-23ZM42 34c1-5 4-8 8-8s8 3 8 7c0 6-8 6-8 12M50 53v.5",
  gone: "M26 18h48v58H26zM26 62l16-16 12 12 8-8 12 12M38 34h.5M18 84 84 12",
  wait: "M32 14h36M32 82h36M36 14c0 22 28 22 28 34S36 60 36 82M64 14c0 22-28 22-28 34s28 12 28 34",
  key: "M34 30a16 16 0 1 1 0 32 16 16 0 0 1 0-32ZM50 46h36M74 46v12M86 46v10M34 46h.5",
  disconnected: "M30 68a16 16 0 0 1 0-32 22 22 0 0 1 42-4 18 18 0 0 1 0 36ZM40 78l-4 8M54 78l-4 8M68 78l-4 8",
};

/** The node for a notice of notice-texts.js. `retry` is called by its button. */
export function noticeNode(notice, { retry = null, level = 1 } = {}) {
  return element(
    "section.notice",
    { "data-art": notice.art },
    strokes("0 0 100 96", "drawing", DRAWINGS[notice.art]),
    element(`h${level}`, { tabindex: "-1" }, notice.title),
    element("p", {}, notice.text),
    notice.code && codeLine(notice.code),
    notice.key && keyForm(),
    (notice.retry || notice.home) &&
      element(
        "p.actions",
        {},
        notice.retry && retry && button(".button.primary", retry, {}, "Try again now"),
        notice.home && link(".button", "/", {}, "See the newest pins"),
      ),
  );
}

function keyForm() {
  const input = element("input.field", {
    type: "password",
    "aria-label": "Key",
    autocomplete: "current-password",
    required: true,
  });
  // Password managers want a user name.
  const userName = element("input", { type: "text", autocomplete: "username", value: "pinstream", hidden: true });
  const open = (event) => {
    event.preventDefault();
    useKey(input.value);
    location.reload();
  };
  return element(
    "form.actions",
    { on: { submit: open } },
    userName,
    input,
    element("button.button.primary", { type: "submit" }, "Open"),
  );
}

function codeLine(code) {
  const copy = button(".icon-button", copyIt, { "aria-label": "Copy the command" }, icon("copies"));
  async function copyIt() {
    await navigator.clipboard.writeText(code);
    copy.replaceChildren(icon("check"));
  }
  return element("p.code-line", {}, element("code", {}, code), navigator.clipboard && copy);
}
