/** Small helpers that every part of the page uses. */

import { language, t } from "./texts.js";

export const byId = id => document.getElementById(id);

/** Makes an element; texts are always set as text, never as markup. */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "class") element.className = value;
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name in element && name !== "list") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter(child => child !== null && child !== undefined));
  return element;
}

/** A number with one digit after the point, or after the comma of the reader's language. */
export const decimal = number => number.toLocaleString(language(), { minimumFractionDigits: 1, maximumFractionDigits: 1, useGrouping: false });

export function duration(seconds) {
  if (!Number.isFinite(seconds)) return "";
  if (seconds < 10) return `${decimal(seconds)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  const two = number => number.toString().padStart(2, "0");
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${two(Math.floor(whole % 3600 / 60))} min`;
}

/** Minutes and seconds, such as 1:05. */
export const clock = seconds => `${Math.floor(seconds / 60)}:${Math.floor(seconds % 60).toString().padStart(2, "0")}`;

export function size(bytes) {
  if (bytes < 1e6) return `${bytes && Math.max(1, Math.round(bytes / 1e3))} kB`;
  return `${decimal(bytes / 1e6)} MB`;
}

export function ago(time) {
  const seconds = (Date.now() - new Date(time)) / 1000;
  if (seconds < 60) return t("just now");
  if (seconds < 3600) return t("{n} min ago", { n: Math.floor(seconds / 60) });
  if (seconds < 86400) return t("{n} h ago", { n: Math.floor(seconds / 3600) });
  return day(time);
}

/** A day with the month in letters, which nobody can mistake for the day. */
export const day = time => new Date(time).toLocaleDateString(language(), { day: "numeric", month: "short", year: "numeric" });

export const capital = text => text.slice(0, 1).toUpperCase() + text.slice(1);

/** A file name without its extension. */
export const stem = name => name.replace(/\.[^.]{1,5}$/, "");

/** What a job is called: the names of its picture and its voice, else its prompt. */
export function titleOf(job) {
  const spoken = job.inputs.some(input => input.field === "text");
  const names = job.inputs.filter(input => input.name && (["image", "video"].includes(input.field) || (!spoken && input.field.startsWith("audio"))));
  const stems = [...new Set(names.map(input => stem(input.name)))];
  return stems.join(" · ") || job.prompt;
}

/** Whether the reader wants little movement. */
export const wantsStillness = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** Brings an element into view, at once for those who want little movement. */
export const scrollTo = (element, block) => element.scrollIntoView({ behavior: wantsStillness() ? "auto" : "smooth", block });

/** Tells screen readers. */
export function say(text) {
  const element = byId("said");
  if (element.textContent !== text) element.textContent = text;
}

export function randomId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), byte => byte.toString(16).padStart(2, "0")).join("");
}

export const isOpen = job => job.status === "queued" || job.status === "running";
