/** The adapters (LoRA) that the operator has put into the store: which ones change the video, and how strongly. */

import { make } from "./util.js";
import { t } from "./texts.js";

const UsualStrength = 1;

/**
 * A setting with a row for each chosen adapter and an empty row for one more. Its value, such as "film=0.8,soft=1", is in a hidden field,
 * like the value of every other setting.
 */
export function adapterControl(field) {
  const value = make("input", { type: "hidden", id: field.name, name: field.name });
  const rows = make("div", { class: "adapters" });
  const gather = () => {
    value.value = [...rows.children].filter(row => row.querySelector("select").value)
      .map(row => `${row.querySelector("select").value}=${row.querySelector("input").value}`).join(",");
    value.dispatchEvent(new CustomEvent("input", { bubbles: true, detail: "rows" }));
  };
  const draw = () => {
    const chosen = read(value.value);
    const count = Math.min(field.max_items ?? 1, chosen.length + 1);
    rows.replaceChildren(...Array.from({ length: count }, (_, number) => row(field, chosen, number, gather, redraw)));
  };
  const redraw = number => {
    gather();
    draw();
    rows.children[number]?.querySelector("select").focus();
  };
  value.addEventListener("input", event => { if (event.detail !== "rows") draw(); });
  draw();
  return [value, rows];
}

/** Reads a value: names with strengths and commas between them, or the same as JSON, as a job tells it. */
function read(text) {
  const parts = text.trim().startsWith("[") ? JSON.parse(text) : text.split(",");
  return parts.map(part => part.trim()).filter(Boolean).map(part => {
    const [name, strength] = part.split("=");
    return { name, strength: Number(strength ?? UsualStrength) };
  });
}

function row(field, chosen, number, gather, redraw) {
  const now = chosen[number];
  const others = chosen.filter(one => one !== now).map(one => one.name);
  // An adapter that is no longer in the store stays chosen, so that the service refuses it instead of making another video.
  const names = [...new Set([...field.choices, ...(now ? [now.name] : [])])].filter(name => !others.includes(name));
  const select = make("select", { "aria-label": t("Adapter {n}", { n: number + 1 }) },
    make("option", { value: "" }, t("no adapter")), ...names.map(name => make("option", { value: name, selected: name === now?.name }, name)));
  const strength = make("input", {
    type: "range", min: field.minimum, max: field.maximum, step: 0.05, value: now?.strength ?? UsualStrength, disabled: !now,
    "aria-label": t("Strength of adapter {n}", { n: number + 1 }),
  });
  const shown = make("output", {}, now ? now.strength.toFixed(2) : "");
  select.addEventListener("input", event => { event.stopPropagation(); redraw(number); });
  strength.addEventListener("input", event => {
    event.stopPropagation();
    shown.textContent = Number(strength.value).toFixed(2);
    gather();
  });
  return make("div", { class: "adapter" }, select, strength, shown);
}
