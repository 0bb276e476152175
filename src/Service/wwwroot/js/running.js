/** A job that waits or runs: the live video or a preview, one bar, and words. */

import { make, capital, duration } from "./util.js";
import { t, language } from "./texts.js";
import { said } from "./sentences.js";
import * as api from "./api.js";
import { endChoices } from "./ending.js";

const stages = () => ({
  fetching: t("Fetching the files"), loading: t("Loading the model"), encoding: t("Preparing"), denoising: t("Drawing"), decoding: t("Decoding"), muxing: t("Writing the file"),
});

export function runningParts(job, { onCancel, onCode }) {
  return [
    make("div", { class: "screen" },
      backdrop(job),
      make("img", { class: "preview", alt: t("Preview of the clip that is being made"), hidden: true }),
      make("div", { class: "veil" }, make("strong"), make("span"))),
    make("progress", { max: 100, "aria-label": t("Progress") }),
    make("p", { class: "notice", hidden: true }),
    make("div", { class: "actions" },
      make("button", { class: "quiet danger", type: "button", onclick: onCancel }, t("Cancel")),
      make("button", { class: "quiet", type: "button", onclick: onCode }, t("Code")), endChoices()),
  ];
}

/** Brings the words and the bar up to date; gives what the bar shows, in percent. */
export function showProgress(root, job, seenAt) {
  const bar = root.querySelector("progress");
  if (job.status === "running") bar.value = Math.max(bar.value, Math.round(job.progress.percent)); // a new attempt does not take the bar back
  const percent = Math.round(bar.value);
  const preview = root.querySelector(".preview");
  preview.hidden = !job.progress.preview;
  if (job.progress.preview && preview.src !== job.progress.preview) preview.src = job.progress.preview;
  const isLost = !api.isReachable();
  root.querySelector(".veil strong").textContent = isLost ? t("No connection") : headline(job, percent);
  root.querySelector(".veil span").textContent = isLost
    ? t("At {time} it was at {percent} %. The page continues by itself.", { time: seenAt.toLocaleTimeString(language()), percent })
    : details(job);
  bar.classList.toggle("stale", isLost);
  const notice = root.querySelector(".notice");
  notice.hidden = !job.notice;
  notice.textContent = capital(said(job.notice ?? ""));
  return percent;
}

/** The job's picture, out of focus. */
export function backdrop(job) {
  const picture = job.inputs.find(input => input.field === "image" && input.href);
  return picture ? make("img", { class: "waiting", src: picture.href, alt: "" }) : null;
}

function headline(job, percent) {
  if (job.status === "running") return `${stages()[job.stage] ?? t("Working")} · ${percent} %`;
  if (job.stage === "fetching") return stages().fetching;
  const place = job.progress.queue_position;
  return place === 1 ? t("Next in line") : place ? t("Number {n} in line", { n: place }) : t("Waiting");
}

function details(job) {
  const progress = job.progress;
  const parts = [];
  if (progress.clips > 1) parts.push(t("clip {n} of {all}", { n: progress.clip ?? 1, all: progress.clips }));
  if (progress.eta_seconds) parts.push(t("about {time} left", { time: duration(progress.eta_seconds) }));
  if (progress.waits_for) parts.push(t("no worker can take it: {reason}", { reason: said(progress.waits_for) }));
  if (job.attempt > 1) parts.push(t("attempt {n}", { n: job.attempt }));
  return parts.join(" · ");
}

/** Seconds of the whole video. */
export function voiceSeconds(job) {
  const [first, second] = ["audio", "audio2"].map(field => job.inputs.find(input => input.field === field)?.seconds ?? 0);
  return job.audio_type === "add" ? first + second : Math.max(first, second);
}
