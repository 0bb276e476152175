/** The video of a running job, played while it is made, with a bar that shows what is still to come. */

import { make, clock } from "./util.js";
import { t } from "./texts.js";
import { sign } from "./icons.js";

const RetryPause = 2000;

export class LivePlayer {
  /** @param job a job with a live video; @param total seconds of the whole video */
  constructor(job, total) {
    this.total = total;
    this.ready = 0;
    this.gone = false;
    this.video = make("video", { class: "live", playsInline: true, "aria-label": t("Video, still being made") });
    this.readyPart = make("i", { class: "ready" });
    this.playedPart = make("i", { class: "played" });
    this.words = make("span");
    this.playButton = make("button", { type: "button", class: "icon", onclick: () => this.video.paused ? this.video.play() : this.video.pause() });
    this.soundButton = make("button", { type: "button", class: "icon", onclick: () => { this.video.muted = !this.video.muted; } });
    this.bar = make("div", { class: "timeline" }, this.playButton,
      make("div", { class: "track", role: "img" }, this.readyPart, this.playedPart), this.words, this.soundButton);
    for (const name of ["timeupdate", "play", "pause", "volumechange"]) this.video.addEventListener(name, () => this.draw());
    this.load(job.live);
  }

  async load(address) {
    const { default: Hls } = await import("../vendor/hls/hls.light.min.mjs");
    if (this.gone) return;
    if (Hls.isSupported()) this.attach(Hls, address);
    else this.video.src = address; // Safari on a phone plays HLS itself
    this.play();
  }

  attach(Hls, address) {
    // A worker would need a script from a blob, which the page's policy forbids.
    const hls = new Hls({ enableWorker: false, startPosition: 0, maxBufferLength: 600, backBufferLength: Infinity });
    this.hls = hls;
    // The player's own time line is as long as the finished video will be.
    hls.on(Hls.Events.MEDIA_ATTACHED, (_, { mediaSource }) => {
      if (mediaSource?.readyState === "open" && this.total > 0) mediaSource.duration = this.total;
    });
    hls.on(Hls.Events.ERROR, (_, { fatal, type }) => {
      if (!fatal) return;
      if (type === Hls.ErrorTypes.MEDIA_ERROR) hls.recoverMediaError();
      else setTimeout(() => { if (!this.gone) { hls.loadSource(address); hls.startLoad(this.video.currentTime); } }, RetryPause);
    });
    hls.attachMedia(this.video);
    hls.loadSource(address);
  }

  /** Plays with sound where the browser allows it. */
  async play() {
    this.video.muted = navigator.userActivation?.hasBeenActive === false;
    try {
      await this.video.play();
    } catch {
      if (this.gone) return;
      this.video.muted = true;
      this.video.play().catch(() => {});
    }
  }

  /** Takes the seconds that can be watched. */
  update(job) {
    this.ready = Math.max(this.ready, job.progress.live_seconds ?? 0);
    this.draw();
  }

  draw() {
    const part = seconds => `${Math.min(100, 100 * seconds / Math.max(this.total, this.ready, 0.1))}%`;
    this.readyPart.style.inlineSize = part(this.ready);
    this.playedPart.style.inlineSize = part(this.video.currentTime);
    if (this.video.paused) sign(this.playButton, "play", t("Play"));
    else sign(this.playButton, "pause", t("Pause"));
    if (this.video.muted) sign(this.soundButton, "silent", t("Sound on"));
    else sign(this.soundButton, "sound", t("Sound off"));
    const text = t("{ready} of {all} ready", { ready: clock(this.ready), all: clock(Math.max(this.total, this.ready)) });
    if (this.words.textContent === text) return;
    this.words.textContent = text;
    this.bar.querySelector(".track").setAttribute("aria-label", t("{ready} of {all} ready, the rest is still being made", { ready: clock(this.ready), all: clock(Math.max(this.total, this.ready)) }));
  }

  /** Ends the player; gives where it was, for the finished video to continue. */
  leave() {
    this.gone = true;
    const seen = { time: this.video.currentTime, playing: !this.video.paused, muted: this.video.muted, volume: this.video.volume };
    this.hls?.destroy();
    this.video.removeAttribute("src");
    return seen;
  }
}
