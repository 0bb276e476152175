/** A video that somebody shared: the address behind the # is signed and works without a token. */

import { byId, make } from "./util.js";
import { t, loadTexts } from "./texts.js";
import { Player } from "./player.js";

await loadTexts();

const address = location.hash.slice(1);
const video = make("video", { loop: true, playsInline: true, preload: "auto", "aria-label": t("Shared video") });
const player = new Player(video);

video.addEventListener("error", () => byId("shared").replaceChildren(make("p", { class: "problem", role: "alert" },
  t("This link does not work any more: it has expired, or the video was deleted. Ask for a new one."))));
byId("shared").append(make("div", { class: "screen" }, video), player.bar);

// Only an address of this service is played, whatever the link says.
if (/^\/v1\/jobs\/fc-[0-9A-Za-z]+\/video\?/.test(address)) {
  byId("shared").append(make("div", { class: "actions" }, make("a", { class: "primary", href: `${address}&download`, download: "" }, t("Download"))));
  video.src = address;
  player.start();
} else {
  video.dispatchEvent(new Event("error"));
}
