/**
 * Sentences of the service in the reader's language. The service writes them in English, with values inside; here each is found by its
 * pattern in patterns.js. A sentence without a pattern stays English and is marked so.
 */

import { make } from "./util.js";
import { t, language } from "./texts.js";
import { Patterns } from "./patterns.js";

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
  const [, name, fault] = /^(\S+): (.+)$/s.exec(text) ?? []; // a field or a file, and what is wrong with it
  const words = said(fault);
  return words === fault ? text : `${name}: ${words}`;
}

/** A sentence as an element, which tells screen readers where it stays English. */
export function sentence(text, properties = {}) {
  const words = said(text);
  return make("span", { ...properties, lang: words === text && language() !== "en" ? "en" : undefined }, words);
}
