/** The camera and the microphone. */

import { byId, make, duration, say } from "./util.js";
import { t } from "./texts.js";
import { toast } from "./toast.js";

const CountdownFrom = 3;
const StopKeys = ["Escape", " ", "Enter"];

/** Calls a function for each click, but not again before it is done: meanwhile the browser asks for permission. */
function onClick(button, act) {
  button.addEventListener("click", async () => {
    if (button.ariaBusy === "true") return;
    button.ariaBusy = "true";
    try {
      await act();
    } finally {
      button.ariaBusy = "false";
    }
  });
}

/** Takes one picture with the camera. The view is mirrored, as people know themselves; the picture is not. */
export function setUpCamera(input) {
  const button = byId("picture-camera");
  const dialog = byId("camera");
  const view = byId("camera-view");
  button.hidden = !navigator.mediaDevices?.getUserMedia;
  let stream = null;
  onClick(button, async () => {
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { width: 1280, height: 1280, facingMode: "user" } });
    } catch {
      toast(t("The camera cannot be used. Allow it in the browser's settings of this page, or choose a file."), { isError: true });
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
  dialog.addEventListener("close", () => { stream?.getTracks().forEach(track => track.stop()); stream = null; });
}

/** Records a voice with the microphone: a countdown, the level, and an end by button or key. */
export function setUpRecorder(input) {
  const button = byId(`${input.kind}-record`);
  button.hidden = !navigator.mediaDevices?.getUserMedia || !window.MediaRecorder;
  onClick(button, () => new Recording(input).start());
}

class Recording {
  constructor(input) {
    this.input = input;
    this.dialog = byId("recorder");
    this.words = byId("recorder-words");
    this.level = byId("recorder-level");
    this.stopButton = byId("recorder-stop");
  }

  async start() {
    try {
      this.stream = await navigator.mediaDevices.getUserMedia({ audio: { echoCancellation: true, noiseSuppression: true } });
    } catch {
      toast(t("The microphone cannot be used. Allow it in the browser's settings of this page, or choose a file."), { isError: true });
      return;
    }
    this.listen();
    this.dialog.onclose = () => this.end();
    this.dialog.oncancel = event => { event.preventDefault(); this.finish(); };
    this.dialog.onkeydown = event => {
      if (!StopKeys.includes(event.key) || (event.key !== "Escape" && event.target.id === "recorder-cancel")) return;
      event.preventDefault();
      this.finish();
    };
    this.stopButton.onclick = () => this.finish();
    byId("recorder-cancel").onclick = () => this.dialog.close();
    this.stopButton.disabled = true;
    this.dialog.showModal();
    for (let left = CountdownFrom; left > 0 && this.stream; left--) {
      this.words.textContent = t("Speak in {left} …", { left });
      say(String(left));
      await new Promise(done => setTimeout(done, 700));
    }
    if (this.stream) this.record();
  }

  record() {
    const parts = [];
    const recorder = this.recorder = new MediaRecorder(this.stream);
    const from = Date.now();
    recorder.addEventListener("dataavailable", event => parts.push(event.data));
    recorder.addEventListener("stop", () => {
      if (!this.isKept) return;
      const type = recorder.mimeType.split(";")[0] || "audio/webm";
      const extension = type.endsWith("mp4") ? "m4a" : type.endsWith("ogg") ? "ogg" : "webm";
      this.input.take(new File(parts, `recording.${extension}`, { type }));
    });
    recorder.start();
    this.stopButton.disabled = false;
    this.stopButton.focus();
    say(t("Recording"));
    const tick = () => { this.words.textContent = t("Recording · {time}", { time: duration((Date.now() - from) / 1000) }); };
    tick();
    this.timer = setInterval(tick, 100);
  }

  /** Shows the level of the microphone. */
  listen() {
    const context = this.context = new AudioContext();
    const meter = context.createAnalyser();
    meter.fftSize = 1024;
    context.createMediaStreamSource(this.stream).connect(meter);
    const samples = new Float32Array(meter.fftSize);
    const draw = () => {
      if (!this.stream) return;
      meter.getFloatTimeDomainData(samples);
      const peak = samples.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      this.level.value = Math.max(0, 1 + Math.log10(Math.max(peak, 0.001)) / 3);
      this.level.classList.toggle("hot", peak > 0.97);
      requestAnimationFrame(draw);
    };
    draw();
  }

  finish() {
    if (!this.recorder) {
      this.dialog.close();
      return;
    }
    this.isKept = true;
    this.dialog.close();
  }

  end() {
    clearInterval(this.timer);
    if (this.recorder?.state === "recording") this.recorder.stop();
    this.stream?.getTracks().forEach(track => track.stop());
    this.stream = null;
    this.context.close();
  }
}
