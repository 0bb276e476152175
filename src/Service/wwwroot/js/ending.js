/** Tells of the end of a job in the way that the reader has chosen: in the title, by a sound, by a notification. */

import { make, titleOf } from "./util.js";
import { t } from "./texts.js";
import { remember, remembered } from "./remembered.js";

const Remembered = "tell";
const chosen = () => (remembered(Remembered) ?? "").split(" ");

/** Two boxes to choose with. */
export function endChoices() {
  const box = (name, label) => {
    const input = make("input", { type: "checkbox", checked: chosen().includes(name), onchange: () => choose(name, input) });
    return make("label", { class: "check" }, input, label);
  };
  return make("div", { class: "tell", role: "group", "aria-label": t("When it is done") },
    make("span", { class: "hint" }, t("When it is done:")), box("sound", t("Sound")), window.Notification ? box("notification", t("Notification")) : null);
}

async function choose(name, input) {
  if (name === "notification" && input.checked && await Notification.requestPermission() !== "granted") input.checked = false;
  const names = new Set(chosen().filter(Boolean));
  if (input.checked) names.add(name);
  else names.delete(name);
  remember(Remembered, [...names].join(" "));
}

/** Called once for each job that ended while the page followed it. */
export function tellEnd(job) {
  const words = job.status === "succeeded" ? t("Your video is ready") : t("Your video could not be made");
  if (chosen().includes("sound")) chime(job.status === "succeeded");
  if (chosen().includes("notification") && window.Notification?.permission === "granted" && document.hidden) {
    new Notification(words, { body: titleOf(job), icon: "/icon.svg", tag: job.id });
  }
  if (document.hidden) document.title = `${job.status === "succeeded" ? "✓" : "✗"} ${words} · Locutor`;
}

function chime(isGood) {
  const context = new AudioContext();
  (isGood ? [523, 784] : [392, 294]).forEach((pitch, number) => {
    const [tone, volume] = [context.createOscillator(), context.createGain()];
    tone.frequency.value = pitch;
    volume.gain.setValueAtTime(0.12, context.currentTime + number * 0.16);
    volume.gain.exponentialRampToValueAtTime(0.001, context.currentTime + number * 0.16 + 0.4);
    tone.connect(volume).connect(context.destination);
    tone.start(context.currentTime + number * 0.16);
    tone.stop(context.currentTime + number * 0.16 + 0.4);
  });
  setTimeout(() => context.close(), 1200);
}
