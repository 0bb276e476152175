/** Puts the page together. */

import { byId, make, duration, toast, ago } from "./util.js";
import * as api from "./api.js";
import { Compose } from "./compose.js";
import { Theatre } from "./theatre.js";
import { History } from "./history.js";

const history = new History(job => open(job));
const theatre = new Theatre(job => { history.put(job); compose.refresh(); }, job => compose.again(job));
const compose = new Compose(model => history.pace(model), job => { history.put(job); open(job); }, askToSignIn);
let session = null;

function open(job, byUser = true) {
  theatre.open(job);
  history.choose(job.id);
  window.history.replaceState(null, "", `#${job.id}`);
  if (byUser && matchMedia("(max-width: 62rem)").matches) byId("theatre").scrollIntoView({ behavior: "smooth", block: "start" });
}

/** The link that the service prints at its first start carries the token behind the #, which is never sent by itself. */
async function signInFromLink() {
  const words = location.hash.match(/^#(wk-[0-9A-Za-z]+)\.(ws-[0-9A-Za-z]+)$/);
  if (!words) return;
  window.history.replaceState(null, "", location.pathname);
  await api.signIn(words[1], words[2]).catch(error => toast(error.message));
}

async function start() {
  await signInFromLink();
  session = await api.session();
  const account = byId("account");
  account.hidden = session.auth === "none";
  account.textContent = session.signed_in ? "Sign out" : "Sign in";
  if (!session.signed_in) {
    byId("service-state").textContent = "";
    askToSignIn();
    return;
  }
  compose.setOptions(await api.options());
  await history.load();
  compose.refresh();
  const id = location.hash.slice(1);
  const chosen = history.jobs.get(id) ?? (id.startsWith("fc-") ? await api.job(id).catch(() => null) : null)
    ?? [...history.jobs.values()].find(job => ["queued", "running"].includes(job.status));
  if (chosen) open(chosen, false);
  look();
}

/** Now and then: jobs that are under way elsewhere, and the workers for those who may see them. */
async function look() {
  try {
    for (const job of history.open.slice(0, 6)) history.put(await api.job(job.id));
    if (session.scopes.includes("operate")) showWorkers(await api.workers());
    else state(history.open.length ? "busy" : "", "Ready");
  } catch (error) {
    state("down", error.status === 0 ? "No connection" : "Trouble");
  }
  setTimeout(look, document.hidden ? 15000 : 3000);
}

function state(kind, text) {
  const pill = byId("service-state");
  pill.className = `pill ${kind}`;
  if (pill.textContent !== text) pill.textContent = text;
}

function showWorkers(answer) {
  byId("workers").hidden = false;
  byId("worker-strip").replaceChildren(...answer.workers.map(worker => make("div", { class: "worker" },
    make("b", {}, `${worker.host} · ${worker.device}`, make("span", { class: `badge ${worker.state === "working" ? "" : "succeeded"}` }, worker.state)),
    make("span", {}, worker.model || "no model yet"),
    make("span", {}, `${worker.finished} done${worker.failed ? `, ${worker.failed} failed` : ""} · started ${ago(worker.started_at)}`))));
  if (answer.workers.length === 0) byId("worker-strip").replaceChildren(make("div", { class: "worker" }, make("b", {}, "No worker"), make("span", {}, "Jobs wait until one joins.")));
  const waiting = answer.queued + answer.fetching;
  const text = answer.workers.length === 0 ? "No worker" : answer.running || waiting
    ? `${answer.running} running, ${waiting} waiting${answer.typical_seconds ? `, about ${duration(answer.typical_seconds)} each` : ""}` : "Ready";
  state(answer.workers.length === 0 ? "down" : answer.running || waiting ? "busy" : "", text);
}

function askToSignIn() {
  const dialog = byId("sign-in");
  if (!dialog.open) dialog.showModal();
}

byId("sign-in").addEventListener("submit", async event => {
  event.preventDefault();
  const words = byId("token-lines").value.match(/w[ks]-[0-9A-Za-z]+/g) ?? [];
  const problem = byId("sign-in-problem");
  try {
    await api.signIn(words.find(word => word.startsWith("wk-")) ?? "", words.find(word => word.startsWith("ws-")) ?? "");
    byId("token-lines").value = "";
    problem.hidden = true;
    byId("sign-in").close();
    await start();
  } catch (error) {
    problem.textContent = error.message;
    problem.hidden = false;
  }
});

byId("account").addEventListener("click", async () => {
  if (session?.signed_in) {
    await api.signOut();
    location.hash = "";
    location.reload();
  } else {
    askToSignIn();
  }
});

start().catch(error => toast(error.message));
