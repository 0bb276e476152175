/** The settings of a video, drawn from the fields that the service describes: their limits, choices, defaults and help. */

import { byId, make } from "./util.js";
import { t, language } from "./texts.js";
import { said } from "./sentences.js";
import { adapterControl } from "./adapters.js";

/** Fields with a place of their own on the page; all others are drawn from the description. */
const Placed = ["prompt", "model", "preset", "size", "text", "voice", "voice2", "boxes"];

/** Fields that belong to programs: the page tells of a job's end itself. */
const Unshown = ["webhook", "metadata", "priority", "not_after", "min_memory_gib", "parts"];

const LongText = 1000; // such texts may have several lines

/** Headings of the groups that the service names. */
const headings = () => ({
  words: t("Words"), sampling: t("Drawing"), speed: t("Speed"), output: t("File"), inputs: t("Inputs"), speech: t("Speech"), model: t("Adapters"),
});

/** Choices in words; their names are what programs send. */
const choiceWords = () => ({
  para: t("both from the start"), add: t("one after the other"), repeat: t("show a frame again"), interpolate: t("compute frames between"),
  off: t("none"), srt: t("a file (srt)"), vtt: t("a file (vtt)"), embedded: t("a track in the video"), burnt: t("in the pictures"),
});

const wordsOf = choice => choiceWords()[choice] ?? choice;

let described = [];
let defaults = {};

/** Settings that the form sends and a job repeats, in the order of the service. */
export const settings = () => offered().map(field => field.name);

/** Adapters are a setting only where the operator has put some into the store. */
const offered = () => described.filter(field => field.type !== "file" && !Unshown.includes(field.name) && !(isAdapters(field) && field.choices.length === 0));

const isAdapters = field => field.type === "array" && Array.isArray(field.choices);

const drawn = () => offered().filter(field => !Placed.includes(field.name));

/** Takes the fields of the chosen model; what was typed stays. */
export function showFields(fields) {
  described = fields;
  const groups = new Map();
  for (const field of drawn()) groups.set(field.group, [...(groups.get(field.group) ?? []), field]);
  const kept = Object.fromEntries(drawn().map(field => [field.name, byId(field.name)?.value ?? ""]));
  byId("voices-settings").replaceChildren(...(groups.get("voices") ?? []).map(setting));
  groups.delete("voices");
  byId("settings").replaceChildren(...[...groups].map(([group, members]) => make("fieldset", { class: "group" },
    make("legend", {}, headings()[group] ?? group), ...members.map(setting))));
  for (const [name, value] of Object.entries(kept)) if (value) set(name, value);
  for (const field of fields.filter(field => ["prompt", "text", "voice", "voice2", "boxes"].includes(field.name))) {
    if (field.max_length) byId(field.name).maxLength = field.max_length;
    byId(field.name).title = t(field.help);
  }
}

function setting(field) {
  if (isAdapters(field)) return adapterSetting(field);
  const control = controlOf(field);
  const range = control.tagName === "SELECT" ? null : make("span", { class: "range", id: `${field.name}-range` }); // choices are their range
  const reset = make("button", { type: "button", class: "link reset", hidden: true, onclick: () => { set(field.name, ""); control.focus(); } }, t("Reset"));
  control.setAttribute("aria-describedby", range ? `${field.name}-range ${field.name}-help` : `${field.name}-help`);
  control.addEventListener("input", () => judge(field));
  return make("div", { class: "setting" },
    make("div", { class: "label-row" }, make("label", { htmlFor: field.name, title: t(field.help) }, t(field.title)), reset),
    control, range, make("p", { class: "hint", id: `${field.name}-help` }, t(field.help)));
}

function adapterSetting(field) {
  const [value, rows] = adapterControl(field);
  const reset = make("button", { type: "button", class: "link reset", hidden: true, onclick: () => { set(field.name, ""); rows.querySelector("select").focus(); } }, t("Reset"));
  value.addEventListener("input", () => judge(field));
  return make("div", { class: "setting wide", role: "group", "aria-labelledby": `${field.name}-label`, "aria-describedby": `${field.name}-help` },
    make("div", { class: "label-row" }, make("span", { class: "label", id: `${field.name}-label`, title: t(field.help) }, t(field.title)), reset),
    value, rows, make("p", { class: "hint", id: `${field.name}-help` }, t(field.help)));
}

function controlOf(field) {
  const common = { id: field.name, name: field.name };
  if (field.choices) return make("select", common, make("option", { value: "" }, ""), ...field.choices.map(choice => make("option", { value: choice }, wordsOf(choice))));
  if (field.type === "boolean") return make("select", common, make("option", { value: "" }, ""), make("option", { value: "true" }, t("yes")), make("option", { value: "false" }, t("no")));
  if (field.type === "integer" || field.type === "number") {
    return make("input", {
      ...common, type: "number", min: field.minimum, max: field.maximum, step: field.step ?? (field.type === "integer" ? 1 : "any"),
      inputMode: field.type === "integer" ? "numeric" : "decimal",
    });
  }
  const words = { ...common, maxLength: field.max_length, dir: "auto" };
  return field.max_length > LongText ? make("textarea", { ...words, rows: 1 }) : make("input", { ...words, type: "text", autocomplete: "off" });
}

/** Sets a setting, or resets it where the value is empty. */
export function set(name, value) {
  const control = byId(name);
  control.value = value;
  control.dispatchEvent(new Event("input", { bubbles: true }));
}

export function resetAll() {
  for (const field of drawn()) set(field.name, "");
}

/** Tells at once whether a value is in its range, and which settings differ from their defaults. */
function judge(field) {
  const control = byId(field.name);
  control.setAttribute("aria-invalid", String(!control.validity.valid));
  const reset = control.closest(".setting").querySelector(".reset");
  reset.hidden = !control.value && control.validity.valid;
  const changed = drawn().filter(one => byId(one.name).value !== "");
  byId("settings-changed").textContent = changed.length ? t("{names} changed", { names: changed.map(one => t(one.title)).join(", ") }) : "";
  byId("settings-reset").hidden = changed.length === 0;
}

/** The first setting whose value is out of its range, with what is expected; null where all are right. */
export function firstWrong() {
  const field = drawn().find(one => !byId(one.name).validity.valid);
  return field ? { field, text: t("{title}: expected {expected}.", { title: t(field.title), expected: said(field.expected) }) } : null;
}

/** Shows what counts where nothing is typed. */
export function showDefaults(values) {
  defaults = values;
  for (const field of described.filter(one => byId(one.name) && one.type !== "file" && !["model", "preset", "size", "text", "voice", "boxes"].includes(one.name))) {
    const words = usualWords(field);
    const control = byId(field.name);
    if (control.tagName === "SELECT") {
      control.options[0].textContent = t("{value} (default)", { value: words });
      continue;
    }
    control.placeholder = words;
    const range = byId(`${field.name}-range`);
    const expected = said(field.expected);
    if (range) range.textContent = words ? t("{expected}; default {value}", { expected, value: words }) : expected;
  }
}

/** The value that counts where nothing is chosen, in words. */
function usualWords(field) {
  const value = defaults[field.name];
  if (field.name === "format") return field.choices[0]; // the service gives the video its name
  if (value === undefined) return said(field.default_text);
  if (field.type === "boolean") return value ? t("yes") : t("no");
  return field.choices ? wordsOf(value) : String(value);
}

/** Why the service refused a submission: its own words, or in another language each field with its reasons. */
export function refusalOf(error) {
  if (language() === "en" || !error.errors) return error.message;
  const titleOf = name => t(described.find(field => field.name === name)?.title ?? name);
  return Object.entries(error.errors).map(([name, reasons]) => `${titleOf(name)}: ${reasons.map(said).join("; ")}`).join("; ");
}

/** Marks the fields that the service refused, and leads to the first of them. */
export function markWrong(errors = {}) {
  let first = null;
  for (const field of described) {
    const control = byId(field.name);
    if (!control || control.type === "hidden") continue;
    control.setAttribute("aria-invalid", String(field.name in errors));
    if (field.name in errors) first ??= control;
  }
  const details = first?.closest("details");
  if (details) details.open = true;
  first?.focus();
}
