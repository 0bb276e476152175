/** A voice: a sound with its outline, of which a part can be chosen. */

import { make, duration, size } from "./util.js";
import { t } from "./texts.js";
import { Input } from "./inputs.js";
import { decode, judge, cutSound, Wave } from "./sound.js";

export class VoiceInput extends Input {
  constructor(kind, field, onChange) {
    super(kind, "voice", onChange);
    this.field = field;
    this.wave = null;
  }

  get seconds() { return this.wave?.seconds ?? this.found?.seconds ?? null; }

  wrongKind(type) {
    return t("This is not a sound ({type}). Choose a sound such as WAV, MP3 or M4A.", { type });
  }

  advice(error) {
    return `${t("This file cannot be used: {reason}.", { reason: error.message.replace(/\.$/, "") })} ${error.code === "audio_too_short"
      ? t("Choose a longer one.") : error.code === "too_large" ? t("Make it shorter, or choose another one.") : t("Choose a sound such as WAV, MP3 or M4A.")}`;
  }

  aim(model, sizeName) {
    const isFirst = !this.target;
    this.target = { model, size: sizeName };
    if (isFirst) this.check(); // a file that was taken before the model was known
  }

  async show(file, source) {
    this.wave = null;
    this.audio = make("audio", { controls: true, src: source, preload: "metadata", "aria-label": t("Your voice") });
    this.caption = make("div", { class: "caption", title: file.name }, `${file.name} · ${size(file.size)}`);
    this.filled.className = "filled sound";
    this.filled.replaceChildren(this.audio, this.caption);
    const sound = await decode(file, this.audio);
    if (!sound || this.file !== file) return;
    this.wave = new Wave(sound, () => this.trimmed());
    this.filled.prepend(this.wave.element);
    this.audio.addEventListener("timeupdate", () => {
      if (this.audio.currentTime > this.wave.to) this.audio.pause();
    });
    this.audio.addEventListener("play", () => {
      if (this.audio.currentTime < this.wave.from || this.audio.currentTime > this.wave.to - 0.05) this.audio.currentTime = this.wave.from;
    });
    this.trimmed();
  }

  trimmed() {
    const { name } = this.file;
    this.caption.textContent = this.wave.isTrimmed
      ? t("{name} · {kept} of {all}", { name, kept: duration(this.wave.seconds), all: duration(this.wave.sound.duration) })
      : `${name} · ${duration(this.wave.seconds)}`;
    this.tell(judge(this.wave.sound, this.wave.from, this.wave.to)?.text);
    this.onChange();
  }

  /** The file to send. */
  async upload() {
    return this.wave?.isTrimmed ? cutSound(this.wave.sound, this.wave.from, this.wave.to, this.file.name) : this.file;
  }

  reset() {
    super.reset();
    this.wave = null;
  }

  get choices() { return this.wave?.isTrimmed ? { trim: [this.wave.from, this.wave.to] } : {}; }

  restore({ trim }) {
    if (!trim || !this.wave) return;
    this.wave.trim(...trim);
    this.trimmed();
  }
}
