/** The view of operators: workers and the queue of all tokens. */

import { byId, make, duration, ago } from "./util.js";
import { t } from "./texts.js";
import * as api from "./api.js";

export class Operators {
  /** What the header says: a state and words; null while nothing is known. */
  state = null;

  async look() {
    const answer = await api.workers();
    byId("workers").hidden = false;
    byId("worker-strip").replaceChildren(...answer.workers.map(card));
    if (answer.workers.length === 0) {
      byId("worker-strip").replaceChildren(make("div", { class: "worker" }, make("b", {}, t("No worker")), make("span", {}, t("Jobs wait until one joins."))));
    }
    const waiting = answer.queued + answer.fetching;
    this.state = answer.workers.length === 0 ? ["down", t("No worker")]
      : answer.running || waiting ? ["busy", t("{running} running, {waiting} waiting", { running: answer.running, waiting })] : ["", t("Ready")];
    byId("queue").textContent = answer.typical_seconds
      ? t("{running} running, {waiting} waiting, about {time} each", { running: answer.running, waiting, time: duration(answer.typical_seconds) })
      : t("{running} running, {waiting} waiting", { running: answer.running, waiting });
  }
}

function card(worker) {
  const done = worker.failed ? t("{n} done, {failed} failed", { n: worker.finished, failed: worker.failed }) : t("{n} done", { n: worker.finished });
  return make("div", { class: "worker" },
    make("b", {}, `${worker.host} · ${worker.device}`, make("span", { class: `badge ${worker.state === "working" ? "" : "succeeded"}` }, t(worker.state))),
    make("span", {}, worker.model || t("no model yet")),
    worker.reason ? make("span", { class: "reason" }, worker.reason) : null,
    make("span", {}, `${done} · ${t("started {ago}", { ago: ago(worker.started_at) })}`));
}
