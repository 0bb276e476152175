/** Fills the form from a job that was made before. */

import { byId } from "./util.js";
import { t } from "./texts.js";
import { toast } from "./toast.js";
import { settings, set } from "./fields.js";

/** A value of a job as the form shows it. */
const text = value => value === undefined ? "" : typeof value === "object" ? JSON.stringify(value) : String(value);

export async function readJob(compose, job) {
  for (const input of [compose.picture, compose.voice, compose.people.voice]) input.clear(); // what was there belongs to another video
  byId("prompt").value = job.prompt;
  compose.chooseModel(job.model ?? compose.options.default_model, job.preset, job.size);
  for (const name of settings()) if (!["prompt", "model", "preset", "size", "boxes"].includes(name)) set(name, text(job[name]));
  if (job.lora && !settings().includes("lora")) toast(t("The adapters of this video are no longer in the store. A new video is made without them."), { isError: true });
  compose.seedIsRepeated = true;
  const isSpoken = job.inputs.some(input => input.field === "text");
  compose.speech.turn(isSpoken);
  compose.people.take(job.metadata);
  compose.people.open(!isSpoken && job.inputs.some(input => input.field === "audio2"));
  const lost = [];
  for (const input of job.inputs) {
    if (isSpoken && !["image", "video", "text"].includes(input.field)) continue; // made of the text
    if (!await readInput(compose, input)) lost.push(input.name ?? input.field);
  }
  if (job.boxes) compose.picture.restore({ persons: job.boxes });
  if (lost.length) toast(t("The service no longer has these files; choose them again: {names}", { names: lost.join(", ") }), { isError: true });
}

/** Takes an input of a job; gives whether it is still there. */
async function readInput(compose, input) {
  const response = input.href ? await fetch(input.href).catch(() => null) : null;
  const blob = response?.ok ? await response.blob() : null;
  const target = { image: compose.picture, video: compose.picture, audio: compose.voice, audio2: compose.people.voice }[input.field];
  if (input.field === "text") compose.speech.take(blob ? await blob.text() : "");
  else if (input.field === "transcript") set("transcript", blob ? await blob.text() : "");
  else if (blob) await target?.take(new File([blob], input.name ?? `${input.field}.${blob.type.split("/")[1] || "bin"}`, { type: blob.type }));
  else if (input.url) target.takeUrl(input.url);
  return blob !== null || Boolean(input.url);
}
