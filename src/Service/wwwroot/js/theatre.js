/** The right-hand side: an example, or the chosen job from its first second to the finished video. */

import { byId, make, say, ago, isOpen, scrollTo, titleOf, wantsStillness } from "./util.js";
import { t } from "./texts.js";
import { toast, toastError } from "./toast.js";
import * as api from "./api.js";
import { showCode } from "./code.js";
import { sentence } from "./sentences.js";
import { LivePlayer } from "./live.js";
import { Player } from "./player.js";
import { runningParts, showProgress, backdrop, voiceSeconds } from "./running.js";
import { finishedParts } from "./finished.js";
import { comparedParts } from "./compare.js";
import { explain } from "./advice.js";
import { tellEnd } from "./ending.js";

export class Theatre {
  /** @param on what others do: job (changed), again (fill the form), vary (submit once more), remove, gone (deleted elsewhere), start (make a sample) */
  constructor(on) {
    this.root = byId("theatre");
    this.on = on;
    this.id = null;
    this.example = null;
    this.stop = () => {};
    api.onConnection(now => this.heedConnection(now));
    document.addEventListener("visibilitychange", () => { if (!document.hidden && !(this.job && isOpen(this.job))) document.title = "Locutor"; });
    this.vacant();
  }

  /** Shows the example while no job is chosen. */
  vacant() {
    this.leave();
    this.root.closest(".theatre").classList.add("vacant");
    if (!this.example) {
      this.fill(make("p", { class: "hint" }, t("Your video will play here.")));
      return;
    }
    const name = this.example;
    const video = make("video", { src: `/samples/${name}.mp4`, poster: `/samples/${name}.png`, loop: true, muted: true, playsInline: true, "aria-label": t("Example made by the model of this service") });
    const player = new Player(video);
    if (!wantsStillness()) player.start();
    this.fill(make("div", { class: "screen" }, video), player.bar,
      make("p", {}, t("This video was made of a picture and a voice by the model of this service.")),
      make("div", { class: "actions" }, make("button", { class: "primary", type: "button", onclick: () => this.on.start(name) }, t("Make one like this"))));
  }

  /** Shows other parts. A keyboard that was in the old ones stays here, or else it would be back at the top of the page. */
  fill(...parts) {
    const hadFocus = this.root.contains(document.activeElement);
    this.root.replaceChildren(...parts);
    if (hadFocus) this.root.focus({ preventScroll: true });
  }

  leave() {
    this.stop();
    this.stop = () => {};
    this.id = this.job = this.shown = null;
    this.live?.leave();
    this.live = null;
    this.root.closest(".theatre").classList.remove("vacant");
    document.title = "Locutor";
  }

  /** Shows a job and follows it while it is not over. */
  open(job) {
    this.leave();
    this.id = job.id;
    this.show(job);
    if (isOpen(job)) this.stop = api.follow(job.id, next => this.update(next), () => this.on.gone(job));
  }

  compare(first, second, onChoose) {
    this.leave();
    this.fill(...comparedParts(first, second, onChoose));
    scrollTo(this.root, "nearest");
  }

  update(job) {
    if (job.id !== this.id) return;
    this.show(job);
    this.on.job(job);
    if (isOpen(job)) return;
    say(job.status === "succeeded" ? t("The video is ready") : explain(job).title);
    if (job.status !== "canceled") tellEnd(job);
  }

  show(job) {
    this.job = job;
    this.seenAt = api.isReachable() ? new Date() : this.seenAt ?? new Date();
    // A job whose worker was lost waits again; its live video stays on the screen meanwhile.
    const form = `${job.id} ${isOpen(job) ? "under way" : job.status}`;
    if (this.shown !== form) {
      this.shown = form;
      this.seen = this.live?.leave();
      this.live = null;
      this.fill(...this.parts(job).filter(part => part !== null));
    }
    this.showLive(job);
    const percent = isOpen(job) ? showProgress(this.root, job, this.seenAt) : null;
    document.title = job.status === "running" ? `${percent} % · Locutor` : job.status === "queued" ? `${t("Waiting")} · Locutor` : "Locutor";
  }

  parts(job) {
    const actions = {
      again: () => this.on.again(job), vary: () => this.on.vary(job, null), code: () => showCode(job), remove: () => this.on.remove(job), lost: () => this.lost(job),
    };
    if (job.status === "succeeded") return finishedParts(job, this.seen, actions);
    if (isOpen(job)) return runningParts(job, { onCancel: () => this.cancel(job), onCode: actions.code });
    return this.over(job, actions);
  }

  /** Puts the live video in the place of the still picture, from the first finished clip on. */
  showLive(job) {
    if (job.live && !this.live) {
      const live = this.live = new LivePlayer(job, voiceSeconds(job));
      const screen = this.root.querySelector(".screen");
      screen.prepend(live.video);
      screen.after(live.bar);
      live.video.addEventListener("loadeddata", () => screen.classList.add("live"), { once: true });
    }
    this.live?.update(job);
  }

  /** A job that failed, was canceled or has expired. */
  over(job, actions) {
    const { title, detail, advice } = explain(job);
    return [
      make("div", { class: "screen" }, job.status === "expired" ? null : backdrop(job), make("div", { class: "veil" },
        make("span", { class: `badge ${job.status}` }, t(job.status)),
        make("strong", {}, title), detail ? sentence(detail) : null, advice ? make("span", { class: "advice" }, advice) : null,
        make("span", { class: "hint" }, ago(job.finished_at ?? job.created_at)))),
      make("div", { class: "actions" },
        job.status === "expired" ? null : make("button", { class: "primary", type: "button", onclick: () => this.on.vary(job, job.seed) }, t("Try again")),
        make("button", { class: "quiet", type: "button", onclick: actions.again }, t("Change and try again")),
        make("button", { class: "quiet danger", type: "button", onclick: actions.remove }, t("Delete"))),
    ];
  }

  /** While the service was away, a video may have failed to load. */
  heedConnection(now) {
    if (!this.job) return;
    if (now && this.root.querySelector("video")?.error) this.shown = null;
    if (isOpen(this.job) || this.shown === null) this.show(this.job);
  }

  /** A finished video does not load: it was deleted elsewhere, has expired, or the service is away. */
  async lost(job) {
    try {
      const now = await api.job(job.id);
      this.on.job(now);
      if (this.id !== job.id) return;
      if (now.status !== job.status) this.show(now);
      else toast(t("This browser cannot play the video. Download it, and try another player."), { isError: true });
    } catch (error) {
      if (error.status !== 404) return;
      toast(t("{name} was deleted", { name: titleOf(job) }), { isError: true });
      this.on.gone(job);
    }
  }

  async cancel(job) {
    try {
      this.update(await api.cancel(job.id));
      toast(t("Canceled"));
    } catch (error) {
      toastError(error);
    }
  }
}
