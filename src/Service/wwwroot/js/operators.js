/** The view of operators: workers, the queue, the jobs of all tokens, failures by code, and usage. */

import { byId, make, duration, ago } from "./util.js";
import { t } from "./texts.js";
import { sentence } from "./sentences.js";
import { toast, toastError } from "./toast.js";
import * as api from "./api.js";

const ListedJobs = 100;
const ShownJobs = 25;
const UsageDays = 7;
const DetailsPause = 10_000;

export class Operators {
  /** What the header says: a state and words; null while nothing is known. */
  state = null;

  async look() {
    const answer = await api.workers();
    byId("workers").hidden = false;
    const cards = answer.workers.map(card);
    replaceCards(cards.length ? cards
      : [make("div", { class: "worker" }, make("b", {}, t("No worker")), make("span", {}, t("Jobs wait until one joins.")))]);
    const waiting = answer.queued + answer.fetching;
    const words = t("{running} running, {waiting} waiting", { running: answer.running, waiting });
    this.state = cards.length === 0 ? ["down", t("No worker")] : answer.running || waiting ? ["busy", words] : ["", t("Ready")];
    byId("queue").textContent = answer.typical_seconds ? `${words} · ${t("about {time} each", { time: duration(answer.typical_seconds) })}` : words;
    if (byId("operate").open && Date.now() - (this.detailed ?? 0) > DetailsPause) await this.showDetails();
  }

  /** Tables that are costly to make, so only while they are open. */
  async showDetails() {
    this.detailed = Date.now();
    const since = new Date(Date.now() - UsageDays * 86400e3).toISOString().slice(0, 10);
    const [{ jobs }, { rows }] = await Promise.all([api.allJobs(ListedJobs), api.usage(since, "day")]);
    byId("all-jobs").replaceChildren(...table([t("Token"), t("Status"), t("Model"), t("Made in"), t("When")], jobs.slice(0, ShownJobs).map(job => [
      job.token_name ?? job.token, job.status === "running" ? `${t(job.status)} ${Math.round(job.percent)} %` : t(job.status), job.model ?? "",
      job.finished_at && job.started_at ? duration((new Date(job.finished_at) - new Date(job.started_at)) / 1000) : "", ago(job.created_at),
    ])));
    const codes = Map.groupBy(jobs.filter(job => job.code), job => job.code);
    byId("failures").replaceChildren(...(codes.size === 0 ? [make("caption", {}, t("No failures. Jobs looked at: {n}.", { n: jobs.length }))]
      : table([t("Code"), t("Jobs"), t("Latest message")], [...codes].map(([code, failed]) => [code, failed.length, failed[0].message]))));
    byId("usage").replaceChildren(...table([t("Day"), t("Token"), t("Jobs"), t("Failed"), t("Video"), t("GPU or CPU")], rows.map(row =>
      [row.period, row.name || row.key, row.jobs, row.failed, duration(row.video_seconds), duration(row.gpu_seconds)])));
  }
}

/** The cards are made anew every few seconds; the keyboard stays on the button that it had. */
function replaceCards(cards) {
  const strip = byId("worker-strip");
  const held = strip.contains(document.activeElement) ? document.activeElement.dataset : null;
  strip.replaceChildren(...cards);
  const buttons = [...strip.querySelectorAll("button")].filter(button => button.dataset.worker === held?.worker);
  (buttons.find(button => button.dataset.order === held.order) ?? buttons[0])?.focus({ preventScroll: true });
}

function table(heads, rows) {
  return [make("thead", {}, make("tr", {}, ...heads.map(head => make("th", { scope: "col" }, head)))),
    make("tbody", {}, ...rows.map(row => make("tr", {}, ...row.map(cell => make("td", {}, String(cell))))))];
}

function card(worker) {
  const done = worker.failed ? t("{n} done, {failed} failed", { n: worker.finished, failed: worker.failed }) : t("{n} done", { n: worker.finished });
  const device = worker.memory_gib ? `${worker.device} · ${worker.memory_gib} GiB` : worker.device;
  return make("div", { class: "worker" },
    make("b", {}, `${worker.host} · ${device}`, make("span", { class: `badge ${worker.state === "idle" ? "succeeded" : ""}` }, t(worker.state))),
    make("span", {}, [worker.model || t("no model yet"), worker.job].filter(Boolean).join(" · ")),
    worker.reason ? sentence(worker.reason, { class: "reason" }) : null,
    make("span", {}, `${done} · ${t("started {ago}", { ago: ago(worker.started_at) })}`),
    make("span", { class: "actions" },
      worker.state === "paused" ? order(worker, "work", t("Resume"), t("It takes jobs again in a few seconds"))
        : order(worker, "pause", t("Pause"), t("It finishes its job and then takes no others")),
      order(worker, "retire", t("Retire"), t("It finishes its job and ends; it is back when the service starts again"))));
}

function order(worker, what, label, told) {
  return make("button", { type: "button", class: "quiet", "data-worker": worker.id, "data-order": what, "aria-label": `${label}: ${worker.device}`, onclick: () => api.order(worker.id, what).then(() => toast(told), toastError) }, label);
}
