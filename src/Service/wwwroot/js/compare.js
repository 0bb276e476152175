/** Two videos side by side with one set of controls. */

import { make, titleOf } from "./util.js";
import { t } from "./texts.js";
import { Player } from "./player.js";
import { videoOf } from "./finished.js";

export function comparedParts(first, second, onChoose) {
  const videos = [first, second].map(videoOf);
  const player = new Player(...videos);
  player.start();
  const side = (job, video) => make("figure", {}, make("div", { class: "screen" }, video),
    make("figcaption", {}, titleOf(job), make("span", { class: "hint" }, t("seed {seed}", { seed: job.seed })),
      make("button", { class: "quiet", type: "button", onclick: () => onChoose(job) }, t("Take this one"))));
  return [make("div", { class: "compared" }, side(first, videos[0]), side(second, videos[1])), player.bar,
    make("p", { class: "hint" }, t("You hear the first one."))];
}
