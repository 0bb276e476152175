/** A player whose controls are below the picture, so that they never cover the mouth. Several videos share one set of controls. */

import { make, clock } from "./util.js";
import { t } from "./texts.js";
import { sign } from "./icons.js";

const Step = 0.04;

export class Player {
  /** @param videos one or more video elements, which play together; the first one leads */
  constructor(...videos) {
    this.videos = videos;
    this.first = videos[0];
    this.play = make("button", { type: "button", class: "icon", onclick: () => this.toggle() });
    this.seek = make("input", { type: "range", min: 0, max: 1, step: Step, value: 0, "aria-label": t("Position") });
    this.time = make("span", { class: "time" });
    this.sound = make("button", { type: "button", class: "icon", onclick: () => this.mute(!this.first.muted) });
    this.captions = make("button", { type: "button", class: "icon", hidden: true, "aria-label": t("Captions"), onclick: () => this.turnCaptions() }, "CC");
    this.full = make("button", { type: "button", class: "icon", onclick: () => this.fill() });
    sign(this.full, "full", t("Full screen"));
    this.bar = make("div", { class: "controls", role: "group", "aria-label": t("Player") }, this.play, this.seek, this.time, this.captions, this.sound, this.full);
    this.seek.addEventListener("input", () => this.go(Number(this.seek.value)));
    for (const video of videos) video.addEventListener("click", () => this.toggle());
    for (const name of ["play", "pause", "volumechange", "timeupdate", "durationchange", "loadedmetadata", "ended"]) {
      this.first.addEventListener(name, () => this.draw());
    }
    this.first.addEventListener("seeked", () => this.align());
    this.draw();
  }

  /** Plays with sound where the browser allows it, else without. */
  async start() {
    this.mute(this.first.muted || navigator.userActivation?.hasBeenActive === false);
    try {
      await this.first.play();
    } catch {
      this.mute(true);
      await this.first.play().catch(() => {});
    }
    this.align();
  }

  toggle() {
    if (this.first.paused) this.start();
    else for (const video of this.videos) video.pause();
  }

  go(time) {
    for (const video of this.videos) video.currentTime = Math.min(time, video.duration || time);
  }

  /** Fills the screen. Telephones of Apple have a way of their own. */
  fill() {
    if (this.first.requestFullscreen) this.first.requestFullscreen();
    else this.first.webkitEnterFullscreen();
  }

  /** Only the first video is heard: two voices at once help nobody. */
  mute(muted) {
    this.videos.forEach((video, number) => { video.muted = muted || number > 0; });
  }

  /** Brings the others to the first one's time and state. */
  align() {
    for (const video of this.videos.slice(1)) {
      video.currentTime = this.first.currentTime;
      if (this.first.paused) video.pause();
      else video.play().catch(() => {});
    }
  }

  turnCaptions() {
    const track = this.first.textTracks[0];
    track.mode = track.mode === "showing" ? "hidden" : "showing";
    this.captions.setAttribute("aria-pressed", String(track.mode === "showing"));
  }

  draw() {
    const { paused, muted, duration, currentTime } = this.first;
    if (paused) sign(this.play, "play", t("Play"));
    else sign(this.play, "pause", t("Pause"));
    if (muted) sign(this.sound, "silent", t("Sound on"));
    else sign(this.sound, "sound", t("Sound off"));
    this.captions.hidden = !this.first.querySelector("track");
    this.seek.max = duration || 1;
    if (document.activeElement !== this.seek || !paused) this.seek.value = currentTime;
    this.seek.setAttribute("aria-valuetext", clock(currentTime));
    this.time.textContent = `${clock(currentTime)} / ${clock(duration || 0)}`;
  }
}
