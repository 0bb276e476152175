/** The form: inputs, model, settings, estimate and submission. */

import { byId, make, duration, randomId, scrollTo } from "./util.js";
import { t } from "./texts.js";
import { toastError } from "./toast.js";
import * as api from "./api.js";
import * as drafts from "./draft.js";
import { settings, showFields, showDefaults, markWrong, refusalOf, firstWrong, resetAll, set } from "./fields.js";
import { said } from "./sentences.js";
import { estimate } from "./estimate.js";
import { Speech } from "./speech.js";
import { setUpPaste } from "./inputs.js";
import { PictureInput } from "./picture.js";
import { VoiceInput } from "./voice.js";
import { People } from "./people.js";
import { setUpCamera, setUpRecorder } from "./capture.js";
import { showSamples, markSample, fetchSample } from "./samples.js";
import { readJob } from "./repeat.js";

const SavePause = 400;

export class Compose {
  /** @param history the jobs that were made; @param onJob is told every accepted job; @param onRefused is called without a valid token */
  constructor(history, onJob, onRefused) {
    Object.assign(this, { history, onJob, onRefused, key: randomId() });
    this.form = byId("compose");
    this.button = byId("submit");
    const changed = () => this.changed();
    this.picture = new PictureInput(changed);
    this.voice = new VoiceInput("voice", "audio", changed);
    this.speech = new Speech(changed);
    this.people = new People(changed);
    setUpCamera(this.picture);
    setUpRecorder(this.voice);
    setUpRecorder(this.people.voice);
    setUpPaste(this.picture, this.voice);
    byId("model").addEventListener("change", () => this.chooseModel(byId("model").value));
    byId("preset").addEventListener("change", () => this.choosePreset());
    byId("size").addEventListener("change", () => this.choosePreset());
    byId("settings-reset").addEventListener("click", resetAll);
    this.form.addEventListener("input", changed);
    this.form.addEventListener("submit", event => { event.preventDefault(); this.submit(); });
    this.form.addEventListener("keydown", event => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !this.button.disabled) this.submit();
    });
    api.onConnection(now => now && this.problemIs === "offline" && this.problem(null));
    this.isReady = true;
    this.refresh();
  }

  setOptions(options) {
    this.options = options;
    const offered = options.models.filter(model => model.trained || model.name === options.default_model);
    byId("model").replaceChildren(...offered.map(model => make("option", { value: model.name }, model.name)));
    byId("model").hidden = offered.length === 1;
    // What was chosen stays when somebody signs in again.
    if (options.models.some(model => model.name === this.model?.name)) this.chooseModel(this.model.name, byId("preset").value, byId("size").value);
    else this.chooseModel(options.default_model);
    showSamples(options.samples ?? [], name => this.takeSample(name));
    this.restore().catch(toastError);
  }

  /** Takes a sample; gives whether that succeeded. */
  async takeSample(name) {
    const files = await fetchSample(name);
    if (!files) return false;
    this.speech.turn(false);
    await Promise.all([this.picture.take(files[0]), this.voice.take(files[1])]);
    this.button.focus({ preventScroll: true });
    return true;
  }

  chooseModel(name, preset, chosenSize) {
    const model = this.options.models.find(one => one.name === name) ?? this.options.models[0];
    if (![...byId("model").options].some(option => option.value === model.name)) byId("model").append(make("option", { value: model.name }, model.name));
    byId("model").value = model.name;
    byId("preset").replaceChildren(...model.presets.map(one => make("option", { value: one.name, selected: one.name === (preset ?? model.default_preset) }, one.name)));
    byId("size").replaceChildren(...model.sizes.map(one => make("option", { value: one, selected: one === (chosenSize ?? model.default_size) }, one)));
    byId("preset").hidden = model.presets.length === 1;
    byId("size").hidden = model.sizes.length === 1;
    byId("model-about").textContent = `${byId("model").hidden ? `${model.name}: ` : ""}${said(model.about)}`;
    byId("model-notice").textContent = said(model.notice ?? "");
    this.model = model;
    showFields(model.fields);
    const named = (...names) => model.fields.filter(field => names.includes(field.name));
    this.picture.offer(named("image", "video"));
    this.voice.offer(named("audio"));
    this.people.voice.offer(named("audio2"));
    this.choosePreset();
  }

  choosePreset() {
    const preset = this.preset = this.model.presets.find(one => one.name === byId("preset").value) ?? this.model.presets[0];
    const cost = preset.seconds_per_second ? t("A second of video takes about {time} on an H100.", { time: duration(preset.seconds_per_second) }) : "";
    byId("preset-about").textContent = [byId("preset").hidden ? "" : t(preset.about ?? ""), cost].filter(Boolean).join(" ");
    showDefaults({ ...preset, ...preset.by_size?.[byId("size").value] });
    const chosenSize = byId("size").value;
    this.picture.aim(this.model.name, chosenSize, this.model.shapes?.[chosenSize] ?? null);
    for (const voice of [this.voice, this.people.voice]) voice.aim(this.model.name, chosenSize);
    this.changed();
  }

  /** Something in the form is new: another submission is another job, and a reload shall not lose it. */
  changed() {
    if (!this.isReady) return;
    this.key = randomId();
    this.refresh();
    clearTimeout(this.saving);
    if (!this.options || this.isRestoring) return;
    this.form.dataset.draft = "changed";
    const saving = this.saving = setTimeout(async () => {
      await drafts.save(this.draft());
      if (this.saving === saving) this.form.dataset.draft = "saved";
    }, SavePause);
  }

  get isPair() { return this.speech.isOn ? this.speech.isDialogue : this.people.isOpen; }

  refresh() {
    markSample(this.picture.file?.name);
    const wanted = this.wanted();
    this.button.disabled = wanted !== null || this.sending;
    this.picture.showPeople(this.isPair ? this.people.titles : null);
    byId("prompt-left").textContent = byId("prompt").maxLength - byId("prompt").value.length < 300 && byId("prompt").maxLength > 0
      ? t("{n} characters left", { n: byId("prompt").maxLength - byId("prompt").value.length }) : "";
    byId("estimate").textContent = wanted ?? this.forecast();
  }

  /** What is missing before a video can be made, or null. */
  wanted() {
    if (!this.picture.isSet) return t("Choose a portrait first.");
    if (this.speech.isOn ? !this.speech.isSet : !this.voice.isSet) return this.speech.isOn ? t("Type what shall be said.") : t("Choose a voice.");
    if (!this.speech.isOn && this.people.isOpen && !this.people.voice.isSet) return t("Choose the second voice.");
    return null;
  }

  /** How long the video becomes, and how long that takes. */
  forecast() {
    const count = Number(byId("count").value);
    const seconds = this.seconds();
    if (!seconds || !this.model) return "";
    const value = name => byId(name).value || undefined;
    const asked = { model: this.model.name, preset: value("preset"), size: value("size"), steps: Number(value("steps")) || undefined };
    asked.usual = { model: this.options.default_model, preset: this.model.default_preset, size: this.model.default_size };
    const each = estimate([...this.history.jobs.values()], asked, seconds);
    const length = this.speech.isOn ? t("About {time} of video", { time: duration(seconds) }) : t("{time} of video", { time: duration(seconds) });
    return each ? `${length}, ${t("about {time} to make", { time: duration(each * count) })}` : length;
  }

  seconds() {
    if (this.speech.isOn) return this.speech.seconds;
    const [first, second] = [this.voice.seconds, this.people.isOpen ? this.people.voice.seconds : 0];
    if (first === null || second === null) return null;
    return byId("audio_type")?.value === "add" ? first + second : Math.max(first, second);
  }

  /** Fills the form from a job; its stored inputs are taken again. */
  async again(job) {
    this.isRestoring = true;
    try {
      await readJob(this, job);
    } finally {
      this.isRestoring = false;
      this.changed();
    }
    byId("prompt").focus();
    scrollTo(this.form, "nearest");
  }

  get inputs() { return this.speech.isOn ? [this.picture] : [this.picture, this.voice, ...(this.people.isOpen ? [this.people.voice] : [])]; }

  async body() {
    const body = new FormData();
    for (const input of this.inputs) body.append(input.field, input.file ? await input.upload() : input.url);
    const boxes = this.isPair ? this.picture.boxes : null;
    byId("boxes").value = boxes ? JSON.stringify(boxes) : "";
    for (const name of settings()) {
      const value = this.speech.leavesOut(name) || (name === "audio_type" && !this.people.isOpen) ? "" : byId(name).value.trim();
      if (value) body.append(name, value);
    }
    if (this.isPair && Object.keys(this.people.given).length) body.append("metadata", JSON.stringify(this.people.given));
    return body;
  }

  async submit() {
    if (this.sending || this.button.disabled) return;
    const refused = this.inputs.find(input => input.refusal);
    const wrong = firstWrong();
    if (refused || wrong) {
      this.problem(refused?.refusal ?? wrong.text);
      if (refused) refused.chooser.focus();
      else markWrong({ [wrong.field.name]: [wrong.text] });
      return;
    }
    await this.send();
  }

  async send() {
    this.sending = true;
    this.button.textContent = t("Sending…");
    this.problem(null);
    markWrong();
    this.refresh();
    try {
      if (!this.options) this.setOptions(await api.options()); // without them no setting would be sent
      const first = await api.submit(await this.body(), this.key);
      this.onJob(first, true);
      await this.vary(first, Number(byId("count").value) - 1);
      this.key = randomId();
      if (this.seedIsRepeated) set("seed", ""); // or else all later videos would have it
      this.seedIsRepeated = false;
    } catch (error) {
      if (error.status === 401) this.onRefused();
      this.problem(refusalOf(error), error.code);
      markWrong(error.errors);
    } finally {
      this.sending = false;
      this.button.textContent = t("Generate");
      this.refresh();
    }
  }

  /** Submits more videos of the same inputs, with other seeds. */
  async vary(job, count) {
    for (let number = 0; number < count; number++) {
      try {
        this.onJob(await api.again(job.id, null, `${this.key}-${number}`), false);
      } catch (error) {
        toastError(error);
        return;
      }
    }
  }

  problem(text, code) {
    this.problemIs = code ?? null;
    byId("problem").textContent = text ?? "";
    byId("problem").hidden = !text;
  }

  draft() {
    const kept = input => ({ file: input.file, url: input.url, choices: input.choices ?? {} });
    return {
      picture: kept(this.picture), voice: kept(this.voice), second: kept(this.people.voice),
      pair: this.people.isOpen, names: this.people.given, spoken: this.speech.isOn,
      fields: Object.fromEntries(settings().filter(name => name !== "boxes").map(name => [name, byId(name).value])),
    };
  }

  /** Puts back what was in the form before a reload. */
  async restore() {
    const draft = await drafts.load();
    if (!draft || this.picture.isSet || this.voice.isSet) return;
    this.isRestoring = true;
    try {
      const { model, preset, size } = draft.fields;
      if (this.options.models.some(one => one.name === model)) this.chooseModel(model, preset, size);
      for (const name of settings()) if (draft.fields[name] && !["model", "preset", "size"].includes(name)) set(name, draft.fields[name]);
      this.people.take(draft.names);
      if (draft.pair) this.people.open(true);
      this.speech.turn(draft.spoken);
      for (const [input, kept] of [[this.picture, draft.picture], [this.voice, draft.voice], [this.people.voice, draft.second]]) {
        if (kept.file) await input.take(kept.file);
        else if (kept.url) input.takeUrl(kept.url);
        if (kept.file) input.restore(kept.choices);
      }
    } finally {
      this.isRestoring = false;
      document.activeElement?.blur();
      this.refresh();
    }
  }
}

