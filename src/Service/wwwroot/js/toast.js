/** Short messages at the bottom of the page, with a button where something can be undone. */

import { byId, make, say } from "./util.js";
import { t } from "./texts.js";

const Shown = 5000;
let timer;

/** Shows a message. An error stays until it is closed. */
export function toast(text, { isError = false, action = null, shown = Shown } = {}) {
  const close = () => { byId("toast").hidden = true; };
  byId("toast").replaceChildren(make("span", {}, text),
    ...(action ? [make("button", { type: "button", class: "toast-action", onclick: () => { close(); action.run(); } }, action.label)] : []),
    ...(isError ? [make("button", { type: "button", class: "toast-action", onclick: close }, t("Close"))] : []));
  byId("toast").classList.toggle("error", isError);
  byId("toast").hidden = false;
  clearTimeout(timer);
  if (!isError) timer = setTimeout(close, shown);
  say(text);
}

/** Takes the message away once it no longer applies. */
export function hush() {
  clearTimeout(timer);
  byId("toast").hidden = true;
}

export const toastError = error => toast(error.message ?? String(error), { isError: true });

export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    toast(t("Copied"));
  } catch {
    toast(t("Copying is not allowed here: select the text instead"), { isError: true });
  }
}
