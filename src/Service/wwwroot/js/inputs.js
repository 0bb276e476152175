/** The two drop zones: files, URLs, camera and microphone, each with a preview at once. */

import { byId, make, duration, size, toast, say } from "./util.js";
import { drawWave } from "./wave.js";

/** One input: a File, or a URL that the service fetches. */
export class Input {
  constructor(kind, onChange) {
    this.kind = kind;
    this.onChange = onChange;
    this.file = null;
    this.url = null;
    this.seconds = null;
    this.offered = [];
    this.drop = byId(`${kind}-drop`);
    this.chooser = byId(`${kind}-file`);
    this.filled = this.drop.querySelector(".filled");
    this.empty = this.drop.querySelector(".empty");
    this.clearButton = byId(`${kind}-clear`);
    this.chooser.addEventListener("change", () => this.chooser.files[0] && this.take(this.chooser.files[0]));
    this.clearButton.addEventListener("click", () => this.clear());
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

  /** Takes the kinds of files that the service reads, from the fields that it describes. */
  offer(fields) {
    this.offered = fields;
    this.chooser.accept = fields.flatMap(field => field.accept).join(",");
  }

  /** The request's field: image, video or audio. */
  get field() {
    if (this.kind === "voice") return "audio";
    const name = this.file ? this.file.name : pathOf(this.url);
    const types = this.file?.type ?? "";
    return !types.startsWith("image/") && this.offered.some(field => field.name === "video" && fits(field.accept, name, types)) ? "video" : "image";
  }

  /** Refuses what the browser knows to be of another kind; the service looks into everything else. */
  accepts(file) {
    return !file.type || file.type === "application/octet-stream" || this.offered.length === 0 || this.offered.some(field => fits(field.accept, file.name, file.type));
  }

  async take(file) {
    if (!this.accepts(file)) {
      toast(this.kind === "voice" ? "That is not a sound" : "That is neither a picture nor a video");
      return;
    }
    this.file = file;
    this.url = null;
    this.seconds = null;
    const source = URL.createObjectURL(file);
    this.show(source, `${file.name} · ${size(file.size)}`);
    if (this.kind === "voice") {
      this.seconds = await drawWave(this.filled.querySelector("canvas"), await file.arrayBuffer());
      if (this.seconds !== null) this.caption(`${file.name} · ${duration(this.seconds)}`);
    }
    say(`${file.name} is taken`);
    this.onChange();
  }

  takeUrl(url) {
    if (!/^https?:\/\//i.test(url)) {
      toast("The address begins with http:// or https://");
      return;
    }
    this.file = null;
    this.url = url;
    this.seconds = null;
    // The page loads nothing from elsewhere; the service fetches the file and shows what it found.
    this.show(null, url);
    this.onChange();
  }

  show(source, caption) {
    if (this.source) URL.revokeObjectURL(this.source);
    this.source = source;
    const media = source === null ? make("div") : this.media(source);
    this.filled.className = this.kind === "voice" || source === null ? "filled sound" : "filled";
    this.filled.replaceChildren(...(this.kind === "voice" && source ? [make("canvas", { height: 96, width: 480, "aria-hidden": "true" })] : []),
      media, make("div", { class: "caption", title: caption }, caption));
    this.filled.hidden = false;
    this.empty.hidden = true;
    this.clearButton.hidden = false;
    this.drop.classList.add("has");
  }

  media(source) {
    if (this.kind === "voice") return make("audio", { controls: true, src: source, preload: "metadata", "aria-label": "Your voice" });
    return this.field === "video"
      ? make("video", { src: source, muted: true, loop: true, autoplay: true, playsInline: true, "aria-label": "Your video" })
      : make("img", { src: source, alt: "Your picture" });
  }

  caption(text) {
    const caption = this.filled.querySelector(".caption");
    caption.textContent = text;
    caption.title = text;
  }

  clear() {
    this.file = this.url = this.seconds = null;
    this.chooser.value = "";
    this.filled.replaceChildren();
    this.filled.hidden = true;
    this.empty.hidden = false;
    this.clearButton.hidden = true;
    this.drop.classList.remove("has");
    this.onChange();
  }
}

/** Whether a name or type is among those of a picker's list: patterns like image/* and extensions like .heic. */
const fits = (accept, name, type) =>
  accept.some(one => one.startsWith(".") ? name.toLowerCase().endsWith(one) : type.startsWith(one.slice(0, -1)));

function pathOf(url) {
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

/** Takes one picture with the camera. */
export function setUpCamera(input) {
  const button = byId("picture-camera");
  const dialog = byId("camera");
  const view = byId("camera-view");
  button.hidden = !navigator.mediaDevices?.getUserMedia;
  let stream = null;
  const stop = () => { stream?.getTracks().forEach(track => track.stop()); stream = null; };
  button.addEventListener("click", async () => {
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { width: 1280, height: 1280, facingMode: "user" } });
    } catch {
      toast("The camera cannot be used");
      return;
    }
    view.srcObject = stream;
    await view.play();
    dialog.showModal();
  });
  byId("camera-cancel").addEventListener("click", () => dialog.close("cancel"));
  dialog.addEventListener("submit", () => {
    const canvas = make("canvas", { width: view.videoWidth, height: view.videoHeight });
    canvas.getContext("2d").drawImage(view, 0, 0);
    canvas.toBlob(blob => blob && input.take(new File([blob], "camera.png", { type: "image/png" })), "image/png");
  });
  dialog.addEventListener("close", stop);
}

/** Records a voice with the microphone. */
export function setUpRecorder(input) {
  const button = byId("voice-record");
  button.hidden = !navigator.mediaDevices?.getUserMedia || !window.MediaRecorder;
  let recorder = null;
  let timer = null;
  button.addEventListener("click", async () => {
    if (recorder) {
      recorder.stop();
      return;
    }
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ audio: { echoCancellation: true, noiseSuppression: true } });
    } catch {
      toast("The microphone cannot be used");
      return;
    }
    const parts = [];
    recorder = new MediaRecorder(stream);
    const from = Date.now();
    recorder.addEventListener("dataavailable", event => parts.push(event.data));
    recorder.addEventListener("stop", () => {
      clearInterval(timer);
      stream.getTracks().forEach(track => track.stop());
      const type = recorder.mimeType.split(";")[0] || "audio/webm";
      recorder = null;
      button.setAttribute("aria-pressed", "false");
      button.textContent = "Record";
      input.take(new File(parts, `recording.${type.endsWith("mp4") ? "m4a" : type.endsWith("ogg") ? "ogg" : "webm"}`, { type }));
    });
    recorder.start();
    button.setAttribute("aria-pressed", "true");
    const tick = () => { button.textContent = `Stop · ${duration((Date.now() - from) / 1000)}`; };
    tick();
    timer = setInterval(tick, 200);
    say("Recording");
  });
}

/** A pasted picture or sound goes where it belongs. */
export function setUpPaste(picture, voice) {
  document.addEventListener("paste", event => {
    const file = [...(event.clipboardData?.files ?? [])][0];
    if (file) (file.type.startsWith("audio/") ? voice : picture).take(file);
  });
}
