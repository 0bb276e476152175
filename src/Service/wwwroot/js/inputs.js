/** A drop zone: a file or a URL, its preview, and what is wrong with it, told at once and in its place. */

import { byId, make, say } from "./util.js";
import { t } from "./texts.js";
import * as api from "./api.js";

const LargestChecked = 100e6; // larger files are checked when they are submitted

export class Input {
  /** @param kind the beginning of the ids of its elements; @param checkedAs what the service checks it as: picture or voice */
  constructor(kind, checkedAs, onChange) {
    Object.assign(this, { kind, checkedAs, onChange, file: null, url: null, offered: [], found: null, refusal: null });
    this.drop = byId(`${kind}-drop`);
    this.chooser = byId(`${kind}-file`);
    this.filled = this.drop.querySelector(".filled");
    this.empty = this.drop.querySelector(".empty");
    this.clearButton = byId(`${kind}-clear`);
    this.changeButton = byId(`${kind}-change`);
    this.problem = byId(`${kind}-problem`);
    this.note = byId(`${kind}-note`);
    this.chooser.addEventListener("change", () => this.chooser.files[0] && this.take(this.chooser.files[0]));
    this.changeButton.addEventListener("click", () => this.chooser.click());
    this.clearButton.addEventListener("click", () => { this.clear(); this.chooser.focus(); });
    for (const name of ["dragenter", "dragover"]) {
      this.drop.addEventListener(name, event => { event.preventDefault(); this.drop.classList.add("over"); });
    }
    for (const name of ["dragleave", "drop"]) this.drop.addEventListener(name, () => this.drop.classList.remove("over"));
    this.drop.addEventListener("drop", event => {
      event.preventDefault();
      const file = event.dataTransfer.files[0];
      const text = event.dataTransfer.getData("text/uri-list");
      if (file) this.take(file);
      else if (text) this.takeUrl(text.split("\n")[0]);
    });
    byId(`${kind}-url`).addEventListener("click", () => askUrl(url => this.takeUrl(url)));
  }

  get isSet() { return Boolean(this.file || this.url); }

  /** The name of the file, or null. */
  get name() { return this.file?.name ?? null; }

  /** Takes the kinds of files that the service reads, from the fields that it describes. */
  offer(fields) {
    const isFirst = this.offered.length === 0;
    this.offered = fields;
    this.chooser.accept = fields.flatMap(field => field.accept).join(",");
    if (isFirst) this.catchUp();
  }

  /** Takes a file that was chosen before this page listened, and refuses one that was taken before the kinds were known. */
  catchUp() {
    const early = this.file ?? this.chooser.files[0];
    if (early && !this.url && (!this.file || !this.accepts(early))) this.take(early);
  }

  /** Refuses what the browser knows to be of another kind; the service looks into everything else. */
  accepts(file) {
    return !file.type || file.type === "application/octet-stream" || this.offered.length === 0
      || this.offered.some(field => fits(field.accept, file.name, file.type));
  }

  async take(file) {
    if (!this.accepts(file)) {
      this.clear();
      this.refuse(this.wrongKind(file.type));
      return;
    }
    this.reset();
    this.chooser.value = ""; // or else the browser would not tell when the same file is chosen again
    this.file = file;
    this.source = URL.createObjectURL(file);
    await this.show(file, this.source);
    this.occupy();
    say(t("{name} is taken", { name: file.name }));
    this.onChange();
    this.check();
  }

  takeUrl(url) {
    if (!/^https?:\/\//i.test(url)) {
      this.clear();
      this.refuse(t("An address begins with http:// or https://"));
      return;
    }
    this.reset();
    this.url = url;
    // The page loads nothing from elsewhere; the service fetches the file and shows what it found.
    this.filled.className = "filled address";
    this.filled.replaceChildren(make("strong", {}, t("From an address")), make("span", { class: "caption", title: url }, url),
      make("span", { class: "hint" }, t("The service fetches it when you press Generate.")));
    this.occupy();
    this.onChange();
  }

  /** Asks the service what it finds in the file. */
  async check() {
    this.checking?.abort();
    if (!this.file || this.file.size > LargestChecked || !this.target) return;
    const checking = this.checking = new AbortController();
    const file = this.file;
    try {
      const found = await api.check(file, this.checkedAs, this.target.model, this.target.size, checking.signal);
      if (this.file !== file) return;
      this.found = found;
      this.refuse(null);
      this.onFound(found);
    } catch (error) {
      if (this.file !== file || ![413, 422].includes(error.status)) return; // the submission will tell
      this.refuse(this.advice(error));
    }
    this.onChange();
  }

  /** Takes up what the service found. */
  onFound() { }

  refuse(text) {
    this.refusal = text;
    this.problem.textContent = text ?? "";
    this.problem.hidden = !text;
    this.chooser.setAttribute("aria-invalid", String(Boolean(text)));
    this.drop.classList.toggle("wrong", Boolean(text));
  }

  tell(text) {
    this.note.textContent = text ?? "";
    this.note.hidden = !text;
  }

  occupy() {
    this.filled.hidden = false;
    this.empty.hidden = true;
    this.clearButton.hidden = this.changeButton.hidden = false;
    this.drop.classList.add("has");
  }

  /** Forgets what was taken. */
  reset() {
    this.checking?.abort();
    if (this.source) URL.revokeObjectURL(this.source);
    this.file = this.url = this.source = this.found = null;
    this.refuse(null);
    this.tell(null);
  }

  clear() {
    this.reset();
    this.chooser.value = "";
    this.filled.replaceChildren();
    this.filled.hidden = true;
    this.empty.hidden = false;
    this.clearButton.hidden = this.changeButton.hidden = true;
    this.drop.classList.remove("has");
    this.onChange();
  }
}

/** Whether a name or type is among those of a picker's list: patterns like image/* and extensions like .heic. */
export const fits = (accept, name, type) =>
  accept.some(one => one.startsWith(".") ? name.toLowerCase().endsWith(one) : type.startsWith(one.slice(0, -1)));

export function pathOf(url) {
  try {
    return new URL(url).pathname;
  } catch {
    return "";
  }
}

function askUrl(use) {
  const dialog = byId("ask-url");
  const field = byId("url");
  field.value = "";
  dialog.returnValue = "";
  dialog.showModal();
  byId("url-cancel").onclick = () => dialog.close("cancel");
  dialog.onclose = () => dialog.returnValue === "ok" && field.value && use(field.value.trim());
}

/** A picture or sound that is pasted, or dropped beside the fields, goes where it belongs. */
export function setUpPaste(picture, voice) {
  const take = file => (file.type.startsWith("audio/") ? voice : picture).take(file);
  document.addEventListener("paste", event => {
    // Office programs put a picture of a copied text beside the text.
    const isText = event.target.closest?.("input, textarea") && event.clipboardData?.types.includes("text/plain");
    const file = event.clipboardData?.files[0];
    if (file && !isText) take(file);
  });
  // The browser would show the file in the place of the page.
  document.addEventListener("dragover", event => event.dataTransfer?.types.includes("Files") && event.preventDefault());
  document.addEventListener("drop", async event => {
    if (event.defaultPrevented || !event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    // One after the other: a second picture takes the first one's address away, and that one must not fail to be shown by then.
    for (const file of [...event.dataTransfer.files]) await take(file);
  });
}
