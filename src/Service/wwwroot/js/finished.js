/** A finished video: it plays at once and again, and can be saved, shared, varied and made anew. */

import { make, capital, day, duration, size } from "./util.js";
import { t } from "./texts.js";
import { said } from "./sentences.js";
import { toast, toastError } from "./toast.js";
import * as api from "./api.js";
import { Player } from "./player.js";
import { share } from "./share.js";

const Formats = ["mp4", "webm", "mov", "mkv", "gif"];

/** The video of a job as an element; mp4 is what every browser plays. */
export function videoOf(job) {
  const { video, thumbnail, captions } = job.result;
  return make("video", { src: job.format && job.format !== "mp4" ? `${video}?format=mp4` : video, poster: thumbnail ?? "", loop: true, playsInline: true, preload: "auto", "aria-label": t("Finished video") },
    captions ? make("track", { kind: "captions", src: `${captions}?format=vtt`, label: t("Captions") }) : null);
}

/** @param seen where the live video was, for the finished one to continue */
export function finishedParts(job, seen, actions) {
  const { result } = job;
  const video = videoOf(job);
  const player = new Player(video);
  video.addEventListener("error", actions.lost);
  if (seen) resume(player, video, seen);
  else player.start();
  return [
    make("div", { class: "screen" }, video),
    player.bar,
    facts([[t("Length"), duration(result.seconds)], [t("Size"), `${result.width} × ${result.height}`], [t("File"), result.bytes && size(result.bytes)],
      [t("Made in"), duration(result.generation_seconds), result.device], [t("Seed"), String(job.seed)], [t("Kept until"), day(job.expires_at)]]),
    job.notice ? make("p", { class: "notice" }, capital(said(job.notice))) : null,
    make("div", { class: "actions" },
      ...download(job),
      make("button", { class: "quiet", type: "button", title: t("The same inputs with another seed"), onclick: actions.vary }, t("Variation")),
      make("button", { class: "quiet", type: "button", title: t("Fills the form with the same inputs, settings and seed"), onclick: actions.again }, t("Again")),
      make("button", { class: "quiet", type: "button", onclick: () => share(job) }, t("Share")),
      make("button", { class: "quiet", type: "button", onclick: actions.code }, t("Code")),
      result.sound ? make("a", { class: "quiet", href: `${result.sound}?download`, download: "" }, t("Sound")) : null,
      result.captions ? make("a", { class: "quiet", href: `${result.captions}?download`, download: "" }, t("Captions")) : null,
      make("button", { class: "quiet danger", type: "button", onclick: actions.remove }, t("Delete"))),
  ];
}

/** A button that saves the video, and the choice of its format. */
function download(job) {
  const formats = make("select", { class: "format", "aria-label": t("Format of the download") }, ...Formats.map(name =>
    make("option", { value: name, selected: name === (job.format ?? "mp4") }, name)));
  const button = make("button", { class: "primary", type: "button" }, t("Download"));
  button.addEventListener("click", async () => {
    const address = `${job.result.video}?format=${formats.value}`;
    button.disabled = true;
    try {
      await api.convert(address, () => { button.textContent = t("Converting…"); });
      make("a", { href: `${address}&download`, download: "" }).click();
      if (formats.value !== "mp4") toast(t("{name} is saved", { name: job.result.file_name.replace(/[^.]+$/, formats.value) }));
    } catch (error) {
      toastError(error);
    } finally {
      button.disabled = false;
      button.textContent = t("Download");
    }
  });
  return [make("span", { class: "save" }, button, formats)];
}

function facts(pairs) {
  return make("div", { class: "facts" }, ...pairs.filter(([, value]) => value).map(([name, value, title]) => make("span", { title }, `${name} `, make("b", {}, value))));
}

/** Continues the finished video where the live one was. */
function resume(player, video, seen) {
  Object.assign(video, { muted: seen.muted, volume: seen.volume });
  video.addEventListener("loadedmetadata", () => {
    if (seen.time < video.duration - 0.1) video.currentTime = seen.time;
    if (seen.playing) player.start();
  }, { once: true });
}
