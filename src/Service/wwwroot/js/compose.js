/** The form: model, settings, estimate and submission. */

import { byId, make, capital, duration, randomId, toast } from "./util.js";
import * as api from "./api.js";
import { settings, showFields, showDefaults, explain, markWrong } from "./fields.js";
import { Speech } from "./speech.js";
import { Input, setUpCamera, setUpRecorder, setUpPaste } from "./inputs.js";

export class Compose {
  constructor(pace, onJob, onRefused) {
    this.pace = pace;
    this.onJob = onJob;
    this.onRefused = onRefused;
    this.form = byId("compose");
    this.button = byId("submit");
    this.picture = new Input("picture", () => this.refresh());
    this.voice = new Input("voice", () => this.refresh());
    this.speech = new Speech(() => this.refresh());
    setUpCamera(this.picture);
    setUpRecorder(this.voice);
    setUpPaste(this.picture, this.voice);
    byId("model").addEventListener("change", () => this.chooseModel(byId("model").value));
    byId("preset").addEventListener("change", () => this.choosePreset());
    byId("size").addEventListener("change", () => this.choosePreset());
    this.form.addEventListener("focusin", event => explain(event.target.name));
    this.form.addEventListener("submit", event => { event.preventDefault(); this.submit(); });
    this.form.addEventListener("keydown", event => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !this.button.disabled) this.submit();
    });
    this.refresh();
  }

  setOptions(options) {
    this.options = options;
    const select = byId("model");
    select.replaceChildren(...options.models.map(model => make("option", { value: model.name, selected: model.name === options.default_model }, model.title)));
    this.chooseModel(options.default_model);
    this.showSamples(options.samples ?? []);
  }

  /** Portraits with voices that come with the program; a click takes both. */
  showSamples(names) {
    byId("samples").hidden = names.length === 0;
    byId("samples").querySelector(".faces").replaceChildren(...names.map(name => {
      const face = make("button", { type: "button", class: "face", title: capital(name), "aria-label": `Sample: ${capital(name)}` },
        make("img", { src: `/samples/${name}.png`, alt: "", loading: "lazy", width: 48, height: 48 }));
      face.dataset.name = name;
      face.addEventListener("click", () => this.takeSample(name, face));
      return face;
    }));
  }

  async takeSample(name, face) {
    try {
      const files = await Promise.all([["png", "image/png"], ["mp3", "audio/mpeg"]].map(async ([extension, type]) => {
        const response = await fetch(`/samples/${name}.${extension}`);
        if (!response.ok) throw new Error(`The sample ${name} cannot be fetched`);
        return new File([await response.blob()], `${name}.${extension}`, { type });
      }));
      await this.picture.take(files[0]);
      await this.voice.take(files[1]);
      this.speech.turn(false);
      face.setAttribute("aria-pressed", "true");
      this.button.focus({ preventScroll: true });
    } catch (error) {
      toast(error.message);
    }
  }

  chooseModel(name, preset, chosenSize) {
    const model = this.options.models.find(one => one.name === name) ?? this.options.models[0];
    byId("model").value = model.name;
    byId("preset").replaceChildren(...model.presets.map(one => make("option", { value: one.name, selected: one.name === (preset ?? model.default_preset) }, one.name)));
    byId("size").replaceChildren(...model.sizes.map(one => make("option", { value: one, selected: one === (chosenSize ?? model.default_size) }, one)));
    byId("model-notice").textContent = model.notice ?? "";
    this.model = model;
    showFields(model.fields);
    const named = (...names) => model.fields.filter(field => names.includes(field.name));
    this.picture.offer(named("image", "video"));
    this.voice.offer(named("audio"));
    byId("audio2-file").accept = named("audio2")[0].accept.join(",");
    this.choosePreset();
  }

  choosePreset() {
    const preset = this.model.presets.find(one => one.name === byId("preset").value) ?? this.model.presets[0];
    byId("preset-about").textContent = preset.about ?? "";
    showDefaults({ ...preset, ...preset.by_size?.[byId("size").value] });
    this.refresh();
  }

  refresh() {
    for (const face of this.form.querySelectorAll(".face")) {
      if (`${face.dataset.name}.png` !== this.picture.file?.name) face.setAttribute("aria-pressed", "false");
    }
    const voice = this.speech?.isOn ? this.speech : this.voice;
    this.button.disabled = !this.picture.isSet || !voice.isSet || this.sending;
    const seconds = voice.seconds;
    const pace = this.pace(this.model?.name);
    const length = seconds ? `${this.speech?.isOn ? "about " : ""}${duration(seconds)} of video` : "";
    byId("estimate").textContent = seconds && pace ? `${length}, about ${duration(seconds * pace)} to make` : length;
  }

  /** Fills the form from a job; its stored inputs are taken again. */
  async again(job) {
    byId("prompt").value = job.prompt;
    if (this.options) this.chooseModel(job.model ?? this.options.default_model, job.preset, job.size);
    for (const name of settings()) if (!["prompt", "model", "preset", "size"].includes(name)) byId(name).value = text(job[name]);
    this.form.querySelector("details").open = true;
    byId("audio2-file").value = "";
    const hasText = job.inputs.some(input => input.field === "text");
    this.speech.turn(hasText);
    for (const input of job.inputs) {
      if (hasText && !["image", "video", "text"].includes(input.field)) continue; // made of the text
      const response = input.href ? await fetch(input.href) : null;
      const blob = response?.ok ? await response.blob() : null;
      const file = blob ? new File([blob], `${input.field}.${blob.type.split("/")[1] ?? "bin"}`, { type: blob.type }) : null;
      if (input.field === "text") {
        this.speech.take(blob ? await blob.text() : "");
        continue;
      }
      const target = { image: this.picture, video: this.picture, audio: this.voice }[input.field];
      if (!target) takeSecond(file);
      else if (file) await target.take(file);
      else if (input.url) target.takeUrl(input.url);
    }
    byId("prompt").focus();
    this.form.scrollIntoView({ behavior: "smooth", block: "nearest" });
  }

  body() {
    const body = new FormData();
    for (const input of this.speech.isOn ? [this.picture] : [this.picture, this.voice]) {
      if (input.file) body.append(input.field, input.file);
      else body.append(input.field, input.url);
    }
    const second = byId("audio2-file").files[0];
    if (second && !this.speech.isOn) body.append("audio2", second);
    for (const name of settings()) {
      const value = this.speech.leavesOut(name) ? "" : byId(name).value.trim();
      if (value) body.append(name, value);
    }
    return body;
  }

  async submit() {
    if (this.sending || this.button.disabled) return;
    this.sending = true;
    this.button.textContent = "Sending…";
    this.problem(null);
    markWrong();
    this.refresh();
    try {
      this.onJob(await api.submit(this.body(), randomId()));
    } catch (error) {
      if (error.status === 401) this.onRefused();
      this.problem(error.message);
      markWrong(error.errors);
    } finally {
      this.sending = false;
      this.button.textContent = "Generate";
      this.refresh();
    }
  }

  problem(text) {
    byId("problem").textContent = text ?? "";
    byId("problem").hidden = !text;
  }
}

/** A value of a job as the form shows it. */
const text = value => value === undefined ? "" : typeof value === "object" ? JSON.stringify(value) : String(value);

function takeSecond(file) {
  if (!file) return;
  const chosen = new DataTransfer();
  chosen.items.add(file);
  byId("audio2-file").files = chosen.files;
}
