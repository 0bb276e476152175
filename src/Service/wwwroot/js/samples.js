/** The portraits with voices that come with the program, and the video that was made of one of them. */

import { byId, make, capital } from "./util.js";
import { t } from "./texts.js";
import { toastError } from "./toast.js";

/** Shows the samples; a click takes portrait and voice. */
export function showSamples(names, onTake) {
  byId("samples").hidden = names.length === 0;
  byId("samples").querySelector(".faces").replaceChildren(...names.map(name => {
    const label = t("Sample: {name}", { name: capital(name) });
    const face = make("button", { type: "button", class: "face", title: capital(name), "aria-label": label, "aria-pressed": "false" },
      make("img", { src: `/samples/${name}.png`, alt: "", loading: "lazy", width: 48, height: 48 }));
    face.dataset.name = name;
    face.addEventListener("click", () => onTake(name));
    return face;
  }));
}

/** Marks the sample whose portrait is in the form. */
export function markSample(fileName) {
  for (const face of document.querySelectorAll(".face")) face.setAttribute("aria-pressed", String(`${face.dataset.name}.png` === fileName));
}

/** The files of a sample, or null. */
export async function fetchSample(name) {
  try {
    return await Promise.all([["png", "image/png"], ["mp3", "audio/mpeg"]].map(async ([extension, type]) => {
      const response = await fetch(`/samples/${name}.${extension}`);
      if (!response.ok) throw new Error(t("The sample {name} cannot be fetched", { name }));
      return new File([await response.blob()], `${name}.${extension}`, { type });
    }));
  } catch (error) {
    toastError(error);
    return null;
  }
}
