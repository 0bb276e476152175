/**
 * Sentences of the service in the reader's language. The service writes them in English, with values inside; here each is found by its
 * pattern. A sentence without a pattern stays English and is marked so.
 */

import { make } from "./util.js";
import { t, language } from "./texts.js";

/** The patterns, with what differs in braces. The first one that fits is used; its values are translated too. */
const Patterns = [
  "expected {expected}, found {found}",
  "expected at most {n} bytes",
  "expected at most {n} adapters, found {found}",
  "expected different adapters, found {name} twice",
  "expected an adapter for the model {model}, found one that does not fit: {reason}",
  "expected captions only with a text or a transcript, found neither",
  "expected a transcript only with a sound, found a text; captions are made of it",
  "expected the name of a voice only with a text, found no text",
  "a whole number from {least} to {most}",
  "a number from {least} to {most}",
  "one of {least}, {next}, {third}, ... up to {most}",
  "one of {names}",
  "true or false",
  "text of at most {n} characters",
  "a threshold from 0 to 10, teacache:THRESHOLD or easycache:THRESHOLD",
  "at most {n} of {names}, each as NAME or NAME=STRENGTH with a strength from {least} to {most}",
  "no adapter, since the operator has put none into the store for this model",
  "another voice of the same engine",
  "the preset's",
  "the model's",
  "random, and reported",
  "1, or 0 in models that move the head themselves",
  "by preset, or all",
  "by preset, or 0",
  "that of the file's name, else mp4",
  "as it is drawn",
  "not a picture, video or sound that can be read (found {kind})",
  "cannot be read ({reason})",
  "damaged sound ({reason})",
  "is empty (0 bytes)",
  "{width}x{height} pixels, expected sides of at most {most}",
  "{width}x{height} pixels, expected at most {most} in all",
  "{seconds} s of sound, expected at least {least} s",
  "more than {seconds} s of sound",
  "image or video",
  "this does not look like the painted portraits that the shipped model 'sketch' knows; for photographs: {command}",
  "The picture: {note}",
  "shows one person in the middle, but two voices need two people; use a picture with one in each half, or give boxes",
  "no face like that of a painted portrait was found, so it is expected in the middle; crop the picture if it is elsewhere",
  "is {width}x{height} and the video {shown}, so {n} rows at the top and as many at the bottom are cut off; crop the picture yourself to choose what stays",
  "is {width}x{height} and the video {shown}, so {n} columns at the left and as many at the right are cut off; crop the picture yourself to choose what stays",
  "model 'untrained' is random: its pictures are noise",
  "{title}. For photographs and paintings; its weights need {n} GB of GPU memory or more.",
  "{network} gave numbers that are not finite at {when}",
  "a worker that has the model {model}; none is connected",
  "a worker that has both the model {model} and {n} GiB; none is connected",
  "a worker with {n} GiB of memory; none is connected",
  "this service is about to stop and takes no more jobs",
  "there is no room for more inputs and results",
  "this token has as many waiting jobs as it may have",
  "the queue is full",
  "more than {n} jobs in a minute",
  "there is no such job",
];

let matchers = null;

const matcher = pattern => new RegExp(`^${pattern.split(/(\{\w+\})/).map(part =>
  /^\{\w+\}$/.test(part) ? `(?<${part.slice(1, -1)}>.+?)` : part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("")}$`, "s");

/** Translates a sentence of the service; gives it as it is where there is no translation. */
export function said(text) {
  if (!text || language() === "en") return text;
  const whole = t(text);
  if (whole !== text) return whole;
  matchers ??= Patterns.map(pattern => [pattern, matcher(pattern)]);
  for (const [pattern, fits] of matchers) {
    const found = fits.exec(text);
    if (found) return t(pattern, Object.fromEntries(Object.entries(found.groups ?? {}).map(([name, value]) => [name, said(value)])));
  }
  return text;
}

/** A sentence as an element, which tells screen readers where it stays English. */
export function sentence(text, properties = {}) {
  const words = said(text);
  return make("span", { ...properties, lang: words === text && language() !== "en" ? "en" : undefined }, words);
}
