/** What happened to a job that failed, and what its owner can do about it. */

import { t } from "./texts.js";

const reasons = () => ({
  fetch_failed: [t("An address could not be fetched"), t("Check the address in a browser, or upload the file instead.")],
  address_blocked: [t("The service does not fetch from this address"), t("Upload the file instead. An operator can allow addresses of a private network with the setting allow_addresses.")],
  unsupported_media: [t("A file cannot be read"), t("Use a PNG or JPEG picture, an MP4 video, a WAV or MP3 sound.")],
  too_large: [t("A file is too large or too long"), t("Make it smaller or shorter.")],
  audio_too_short: [t("The voice is too short"), t("Use a longer one.")],
  invalid_request: [t("The settings do not fit"), t("Change what the message names.")],
  gpu_out_of_memory: [t("The GPU has too little memory"), t("Choose a smaller size, or ask an operator to set vram_budget.")],
  worker_lost: [t("The worker stopped several times"), t("Try again; if it happens again, tell an operator.")],
  timeout: [t("It took too long"), t("Try again, or use a shorter voice.")],
  not_finite: [t("The numbers of the video were wrong"), t("Try another seed or precision; see the README.")],
  internal: [t("The service failed"), t("Try again; if it happens again, tell an operator, who finds the reason in the log.")],
});

/** A short title, the service's own sentence, and what to do. */
export function explain(job) {
  if (job.status === "canceled") return { title: t("This video was canceled"), detail: "", advice: "" };
  if (job.status === "expired") return { title: t("This video has expired"), detail: "", advice: t("Videos are kept for some days only. Make it again from its files.") };
  const [title, advice] = reasons()[job.error?.code] ?? [t("This video could not be made"), ""];
  return { title, detail: job.error?.message ?? "", advice };
}
