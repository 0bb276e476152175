/** The right-hand side: the chosen job from its first second to the finished video. */

import { byId, make, duration, size, capital, toast, say, ago } from "./util.js";
import * as api from "./api.js";
import { showCurl } from "./curl.js";
import { LivePlayer } from "./live.js";

const Stages = ["fetching", "loading", "encoding", "denoising", "decoding", "muxing"];

export class Theatre {
  constructor(onJob, onAgain) {
    this.root = byId("theatre");
    this.onJob = onJob;
    this.onAgain = onAgain;
    this.id = null;
    this.stop = () => {};
    this.vacant();
  }

  vacant() {
    this.leave();
    this.root.replaceChildren(make("div", { class: "vacant" }, art(), make("p", {}, "Your video will play here.")));
  }

  leave() {
    this.stop();
    this.stop = () => {};
    this.id = null;
    this.shown = null;
    this.live?.leave();
    this.live = null;
    document.title = "Locutor";
  }

  /** Shows a job and follows it while it is not over. */
  open(job) {
    this.leave();
    this.id = job.id;
    this.show(job);
    if (["queued", "running"].includes(job.status)) this.stop = api.follow(job.id, next => this.update(next));
  }

  update(job) {
    if (job.id !== this.id) return;
    this.show(job);
    this.onJob(job);
    if (!["queued", "running"].includes(job.status)) say(sentence(job));
  }

  show(job) {
    // A job whose worker was lost waits again; its live video stays on the screen meanwhile.
    const form = `${job.id} ${underWay(job) ? "under way" : job.status}`;
    if (this.shown !== form) {
      this.shown = form;
      this.seen = this.live?.leave();
      this.live = null;
      this.root.replaceChildren(...this.parts(job).filter(part => part !== null));
    }
    this.showLive(job);
    const percent = Math.round(job.progress.percent);
    const bar = this.root.querySelector("progress");
    if (bar) {
      if (job.status === "running") bar.value = Math.max(bar.value, percent); // a new attempt does not take the bar back
      const preview = this.root.querySelector(".preview");
      preview.hidden = !job.progress.preview;
      if (job.progress.preview && preview.src !== job.progress.preview) preview.src = job.progress.preview;
      this.root.querySelector(".veil strong").textContent = headline(job);
      this.root.querySelector(".veil span").textContent = details(job);
      const notice = this.root.querySelector(".notice");
      notice.hidden = !job.notice;
      notice.textContent = capital(job.notice ?? "");
      const now = Stages.indexOf(job.stage);
      this.root.querySelectorAll(".steps li").forEach((item, number) => {
        item.className = number < now ? "done" : number === now ? "now" : "";
        item.setAttribute("aria-current", number === now ? "step" : "false");
      });
      document.title = job.status === "running" ? `${percent} % · Locutor` : "Waiting · Locutor";
    } else {
      document.title = "Locutor";
    }
  }

  parts(job) {
    if (job.status === "succeeded") return this.finished(job);
    if (underWay(job)) return this.underWay(job);
    return this.over(job);
  }

  underWay(job) {
    return [
      make("div", { class: "screen" },
        backdrop(job),
        make("img", { class: "preview", alt: "Preview of the clip that is being made", hidden: true }),
        make("div", { class: "veil" }, make("strong"), make("span"))),
      make("progress", { max: 100, "aria-label": "Progress" }),
      make("ol", { class: "steps", "aria-label": "Stages" }, ...Stages.map(stage => make("li", {}, stage))),
      make("p", { class: "notice", hidden: true }),
      make("div", { class: "actions" },
        make("button", { class: "quiet danger", type: "button", onclick: () => this.act(() => api.cancel(job.id), "Canceled") }, "Cancel"),
        make("button", { class: "quiet", type: "button", onclick: () => showCurl(job) }, "Copy as curl")),
    ];
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

  finished(job) {
    const result = job.result;
    const video = make("video", { controls: true, src: job.format && job.format !== "mp4" ? `${result.video}?format=mp4` : result.video, poster: result.thumbnail ?? "", playsInline: true, preload: "metadata", "aria-label": "Finished video" },
      result.captions ? make("track", { kind: "captions", src: `${result.captions}?format=vtt`, label: "Captions" }) : null);
    if (this.seen) resume(video, this.seen);
    return [
      make("div", { class: "screen" }, video),
      this.facts([["Length", duration(result.seconds)], ["Size", `${result.width} × ${result.height}`], ["File", size(result.bytes)],
        ["Made in", duration(result.generation_seconds)], ["Seed", String(job.seed)], ["Kept until", new Date(job.expires_at).toLocaleDateString()]]),
      job.notice ? make("p", { class: "notice" }, capital(job.notice)) : null,
      make("div", { class: "actions" },
        make("a", { class: "primary quiet-link", href: `${result.video}?download`, download: `${job.id}.${job.format ?? "mp4"}`, role: "button" }, "Download"),
        result.sound ? make("a", { class: "quiet quiet-link", href: `${result.sound}?download`, download: `${job.id}.wav`, role: "button" }, "Sound") : null,
        result.captions ? make("a", { class: "quiet quiet-link", href: `${result.captions}?download`, download: `${job.id}.vtt`, role: "button" }, "Captions") : null,
        make("button", { class: "quiet", type: "button", onclick: () => this.onAgain(job) }, "Again with this seed"),
        make("button", { class: "quiet", type: "button", onclick: () => showCurl(job) }, "Copy as curl"),
        make("button", { class: "quiet danger", type: "button", onclick: () => this.discard(job) }, "Delete")),
    ];
  }

  over(job) {
    return [
      make("div", { class: "screen" }, job.status === "expired" ? null : backdrop(job), make("div", { class: "veil" },
        make("span", { class: `badge ${job.status}` }, job.status),
        make("strong", {}, sentence(job)),
        make("span", {}, job.error ? `${job.error.code}${job.error.retryable ? " · may work when tried again" : ""}` : ago(job.finished_at ?? job.created_at)))),
      make("div", { class: "actions" },
        make("button", { class: "primary", type: "button", onclick: () => this.onAgain(job) }, "Try again"),
        make("button", { class: "quiet danger", type: "button", onclick: () => this.discard(job) }, "Delete")),
    ];
  }

  facts(pairs) {
    return make("div", { class: "facts" }, ...pairs.filter(([, value]) => value).map(([name, value]) => make("span", {}, `${name} `, make("b", {}, value))));
  }

  async act(action, done) {
    try {
      const job = await action();
      toast(done);
      if (job) this.update(job);
    } catch (error) {
      toast(error.message);
    }
  }

  async discard(job) {
    await this.act(() => api.remove(job.id), "Deleted");
    if (this.id === job.id) this.vacant();
    this.onJob({ ...job, status: "deleted" });
  }
}

const underWay = job => job.status === "queued" || job.status === "running";

/** Seconds of the whole video. */
function voiceSeconds(job) {
  const [first, second] = ["audio", "audio2"].map(field => job.inputs.find(input => input.field === field)?.seconds ?? 0);
  return job.audio_type === "add" ? first + second : Math.max(first, second);
}

/** Continues the finished video where the live one was. */
function resume(video, seen) {
  Object.assign(video, { muted: seen.muted, volume: seen.volume, preload: "auto" });
  video.addEventListener("loadedmetadata", () => {
    if (seen.time < video.duration - 0.1) video.currentTime = seen.time;
    if (seen.playing && seen.time < video.duration - 0.1) video.play().catch(() => {});
  }, { once: true });
}

/** The job's picture, out of focus. */
function backdrop(job) {
  const picture = job.inputs.find(input => input.field === "image" && input.href);
  return picture ? make("img", { class: "waiting", src: picture.href, alt: "" }) : null;
}

function headline(job) {
  if (job.status === "running") return `${job.stage ? capital(job.stage) : "Working"} · ${Math.round(job.progress.percent)} %`;
  if (job.stage === "fetching") return "Fetching the inputs";
  const place = job.progress.queue_position;
  return place === 1 ? "Next in line" : place ? `Number ${place} in line` : "Waiting";
}

function details(job) {
  const progress = job.progress;
  const parts = [];
  if (progress.clips > 1) parts.push(`clip ${progress.clip ?? 1} of ${progress.clips}`);
  if (progress.steps) parts.push(`step ${progress.step ?? 0} of ${progress.steps}`);
  if (progress.eta_seconds) parts.push(`about ${duration(progress.eta_seconds)} left`);
  if (job.attempt > 1) parts.push(`attempt ${job.attempt}`);
  return parts.join(" · ");
}

function sentence(job) {
  if (job.status === "succeeded") return "The video is ready";
  if (job.status === "failed") return job.error?.message ?? "This video could not be made";
  if (job.status === "canceled") return "This video was canceled";
  return "This video has expired";
}

function art() {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", "0 0 144 96");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(space, "path");
  path.setAttribute("d", "M8 48h14l7-22 13 46 12-60 13 74 11-52 9 28 7-14h42");
  svg.append(path);
  return svg;
}
