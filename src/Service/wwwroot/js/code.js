/** A job as a program, in several languages. */

import { byId, make } from "./util.js";
import { t } from "./texts.js";
import { copy } from "./toast.js";
import * as api from "./api.js";
import { settings } from "./fields.js";
import { curl } from "./programs/curl.js";
import { python } from "./programs/python.js";
import { javascript } from "./programs/javascript.js";
import { csharp } from "./programs/csharp.js";
import { classic } from "./programs/classic.js";

const Languages = [["curl", curl], ["Python", python], ["JavaScript", javascript], ["C#", csharp], ["Classic", classic]];

/** Inputs that the service makes of a text. */
const Made = ["audio", "audio2", "sound", "captions"];

/** What a program needs to know of a job. */
function recipe(job, auth) {
  const spoken = job.inputs.some(input => input.field === "text");
  const inputs = job.inputs.filter(input => !(spoken && Made.includes(input.field)));
  const written = input => ["text", "transcript"].includes(input.field);
  const plain = value => typeof value === "object" ? JSON.stringify(value) : String(value);
  return {
    job, auth, address: location.origin,
    files: inputs.filter(input => !written(input)).map(input => ({ name: input.field, url: input.url, file: input.name ?? `${input.field}.${input.content_type?.split("/")[1] ?? "bin"}` })),
    texts: inputs.filter(written).map(input => ({ name: input.field, file: `${input.field}.txt` })),
    values: settings().filter(name => job[name] !== undefined && !inputs.some(input => input.field === name)).map(name => ({ name, value: plain(job[name]) })),
    output: job.result?.file_name ?? `video.${job.format ?? "mp4"}`,
  };
}

export async function showCode(job) {
  const { auth } = await api.session();
  const about = recipe(job, auth === "token");
  const tabs = Languages.map(([title]) => make("button", { type: "button", role: "tab", "aria-controls": "code-text" }, title));
  const choose = number => {
    tabs.forEach((tab, other) => {
      tab.setAttribute("aria-selected", String(other === number));
      tab.tabIndex = other === number ? 0 : -1;
    });
    byId("code-text").textContent = Languages[number][1](about);
    byId("code-text").setAttribute("aria-label", Languages[number][0]);
  };
  tabs.forEach((tab, number) => {
    tab.addEventListener("click", () => choose(number));
    tab.addEventListener("keydown", event => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!step) return;
      const next = (number + step + tabs.length) % tabs.length;
      choose(next);
      tabs[next].focus();
    });
  });
  byId("code-tabs").replaceChildren(...tabs);
  choose(0);
  byId("code-about").textContent = about.auth
    ? t("Each is a whole program: it submits, waits and downloads. Put the files beside it and the token into LOCUTOR_TOKEN.")
    : t("Each is a whole program: it submits, waits and downloads. Put the files beside it.");
  byId("code-copy").onclick = () => copy(byId("code-text").textContent);
  byId("code").showModal();
}
