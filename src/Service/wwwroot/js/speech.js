/** The voice as a text: the words, and who speaks them. */

import { byId, make } from "./util.js";
import { t } from "./texts.js";
import { toastError } from "./toast.js";
import * as api from "./api.js";

/** Spoken English has about this many characters a second. */
const CharactersPerSecond = 15;

export class Speech {
  constructor(onChange) {
    this.onChange = onChange;
    this.isOn = false;
    this.tabs = [byId("voice-sound-tab"), byId("voice-text-tab")];
    this.tabs.forEach((tab, number) => {
      tab.addEventListener("click", () => this.turn(number === 1));
      tab.addEventListener("keydown", event => {
        if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
        this.turn(number === 0);
        this.tabs[1 - number].focus();
      });
    });
    byId("text").addEventListener("input", () => this.change());
    this.turn(false);
  }

  get text() { return byId("text").value.trim(); }

  get isSet() { return this.text.length > 0; }

  /** Estimated length of the speech. */
  get seconds() { return this.isSet ? this.text.length / CharactersPerSecond : null; }

  get isDialogue() { return /^\s*[AB]\s?[:：]/.test(this.text) && /^\s*B\s?[:：]/m.test(this.text); }

  /** Whether a field belongs to the way of giving a voice that is not chosen. */
  leavesOut(name) {
    if (!this.isOn) return ["text", "voice", "voice2"].includes(name);
    return name === "audio_type" || (name === "voice2" && !this.isDialogue);
  }

  turn(on) {
    this.isOn = on;
    this.tabs.forEach((tab, number) => {
      tab.setAttribute("aria-selected", String((number === 1) === on));
      tab.tabIndex = (number === 1) === on ? 0 : -1;
    });
    byId("voice-sound").hidden = on;
    byId("voice-words").hidden = !on;
    byId("people").hidden = on;
    if (on && !this.asked) this.showVoices();
    this.change();
  }

  /** Takes the text of an earlier job. */
  take(text) {
    byId("text").value = text;
    this.turn(true);
  }

  change() {
    byId("voice2").hidden = !this.isDialogue;
    const left = byId("text").maxLength - byId("text").value.length;
    byId("text-left").textContent = left < 500 && byId("text").maxLength > 0 ? t("{n} characters left", { n: left }) : "";
    this.onChange();
  }

  async showVoices() {
    this.asked = true;
    try {
      const { voices } = await api.voices();
      byId("voice-names").replaceChildren(...voices.map(voice => make("option", { value: voice.name }, [voice.title, voice.language, voice.engine].filter(Boolean).join(" · "))));
      if (voices.length > 0) byId("voice").placeholder = t("Voice: {name} (default)", { name: voices[0].name });
    } catch (error) {
      this.asked = false;
      toastError(error);
    }
  }
}
