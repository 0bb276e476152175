/** The settings of a video, drawn from the fields that the service describes: their limits, choices, defaults and help. */

import { byId, make } from "./util.js";

/** Fields with a place of their own on the page; all others are drawn from the description. */
const Placed = ["prompt", "model", "preset", "size", "text", "voice", "voice2"];

/** Fields that belong to programs: the page tells of a job's end itself. */
const Unshown = ["webhook", "metadata", "priority", "not_after", "min_memory_gib"];

let described = [];

/** Settings that the form sends and a job repeats, in the order of the service. */
export const settings = () => described.filter(field => field.type !== "file" && !Unshown.includes(field.name)).map(field => field.name);

/** Takes the fields of the chosen model; what was typed stays. */
export function showFields(fields) {
  described = fields;
  const drawn = fields.filter(field => field.type !== "file" && !Placed.includes(field.name) && !Unshown.includes(field.name));
  fill(byId("settings"), drawn.filter(field => field.group !== "voices"));
  fill(byId("second"), drawn.filter(field => field.group === "voices"));
  for (const field of fields.filter(field => ["prompt", "text", "voice", "voice2"].includes(field.name))) {
    byId(field.name).maxLength = field.max_length;
    byId(field.name).title = field.help;
  }
}

function fill(place, fields) {
  for (const field of fields) {
    const earlier = byId(field.name);
    const control = controlOf(field);
    const hint = `${field.help} Expects ${field.expected}.`;
    if (earlier) {
      control.value = earlier.value;
      earlier.closest("label").title = hint;
      earlier.replaceWith(control);
    } else {
      place.append(make("label", { title: hint }, field.title, control));
    }
  }
}

function controlOf(field) {
  const common = { id: field.name, name: field.name };
  if (field.choices) return make("select", common, make("option", { value: "" }, ""), ...field.choices.map(choice => make("option", { value: choice }, choice)));
  if (field.type === "boolean") return make("select", common, make("option", { value: "" }, ""), make("option", { value: "true" }, "yes"), make("option", { value: "false" }, "no"));
  if (field.type === "integer" || field.type === "number") {
    return make("input", {
      ...common, type: "number", min: field.minimum, max: field.maximum, step: field.step ?? (field.type === "integer" ? 1 : "any"),
      inputMode: field.type === "integer" ? "numeric" : "decimal",
    });
  }
  return make("input", { ...common, type: "text", maxLength: field.max_length, autocomplete: "off" });
}

/** Explains the setting that is being changed, for those who cannot hover. */
export function explain(name) {
  const field = described.find(one => one.name === name);
  if (field) byId("setting-hint").textContent = `${field.title}: ${field.help} Expects ${field.expected}.`;
}

/** Shows what counts where nothing is typed. */
export function showDefaults(defaults) {
  for (const field of described.filter(one => byId(one.name) && one.type !== "file" && !["model", "preset", "size", "text", "voice"].includes(one.name))) {
    const value = defaults[field.name];
    const words = value === undefined ? field.default_text : field.type === "boolean" ? (value ? "yes" : "no") : String(value);
    const control = byId(field.name);
    if (control.tagName === "SELECT") control.options[0].textContent = `${words} (default)`;
    else control.placeholder = words;
  }
}

/** Marks the fields that the service refused, and leads to the first of them. */
export function markWrong(errors = {}) {
  let first = null;
  for (const field of described) {
    const control = byId(field.name);
    if (!control) continue;
    control.setAttribute("aria-invalid", String(field.name in errors));
    if (field.name in errors) first ??= control;
  }
  const details = first?.closest("details");
  if (details) details.open = true;
  first?.focus();
}
