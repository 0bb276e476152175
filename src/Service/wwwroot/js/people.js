/** The slot of a second person: a voice of its own, names, and how the two voices follow each other. */

import { byId } from "./util.js";
import { t } from "./texts.js";
import { VoiceInput } from "./voice.js";

export class People {
  constructor(onChange) {
    this.voice = new VoiceInput("second", "audio2", onChange);
    this.names = [byId("person-1"), byId("person-2")];
    this.add = byId("people-add");
    this.slot = byId("second-person");
    this.onChange = onChange;
    this.add.addEventListener("click", () => this.open(true));
    byId("people-remove").addEventListener("click", () => { this.open(false); this.add.focus(); });
    for (const name of this.names) name.addEventListener("input", onChange);
    this.open(false);
  }

  open(on) {
    this.isOpen = on;
    this.slot.hidden = !on;
    this.add.hidden = on;
    if (!on) this.voice.clear();
    this.onChange();
    if (on) this.names[0].focus({ preventScroll: true });
  }

  /** What the two are called, in the order of the voices. */
  get titles() { return this.names.map((name, number) => name.value.trim() || t("Person {n}", { n: number + 1 })); }

  /** The names that were given, to be kept with the job. */
  get given() {
    return Object.fromEntries(this.names.map((name, number) => [`person${number + 1}`, name.value.trim()]).filter(([, name]) => name));
  }

  take(metadata = {}) {
    this.names.forEach((name, number) => { name.value = metadata[`person${number + 1}`] ?? ""; });
  }
}
