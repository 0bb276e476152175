/** Puts the page together. */

import { byId, make, isOpen, randomId } from "./util.js";
import { t, loadTexts, languages, language, setLanguage } from "./texts.js";
import { toastError } from "./toast.js";
import * as api from "./api.js";
import * as drafts from "./draft.js";
import { Compose } from "./compose.js";
import { Theatre } from "./theatre.js";
import { History } from "./history.js";
import { setUpSignIn, signInFromLink } from "./sign-in.js";
import { Operators } from "./operators.js";

await loadTexts();

const history = new History(job => open(job), (one, other) => compare(one, other), id => {
  if (theatre.id !== id) return;
  theatre.vacant();
  window.history.replaceState(null, "", location.pathname);
});
const theatre = new Theatre({
  job: job => { history.put(job); compose.refresh(); tellState(); },
  again: job => compose.again(job).catch(toastError),
  vary: (job, seed) => vary(job, seed),
  remove: job => history.discard(job),
  start: async name => { if (await compose.takeSample(name)) await compose.submit(); },
});
const compose = new Compose(history, (job, isFirst) => { history.put(job); if (isFirst) open(job); }, askToSignIn);
const operators = new Operators();
let session = null;

function open(job, byUser = true) {
  theatre.open(job);
  history.choose(job.id);
  window.history.replaceState(null, "", `#${job.id}`);
  tellState();
  if (byUser && matchMedia("(max-width: 62rem)").matches) byId("theatre").scrollIntoView({ behavior: "smooth", block: "start" });
}

function compare(one, other) {
  history.choose(null);
  theatre.compare(one, other, open);
}

/** Submits a job once more, with its seed or with another one. */
async function vary(job, seed) {
  try {
    const next = await api.again(job.id, seed, randomId());
    history.put(next);
    open(next);
  } catch (error) {
    toastError(error);
  }
}

async function start() {
  await signInFromLink();
  session = await api.session();
  const account = byId("account");
  account.hidden = session.auth === "none";
  account.textContent = session.signed_in ? t("Sign out") : t("Sign in");
  if (!session.signed_in) {
    byId("service-state").textContent = "";
    askToSignIn();
    return;
  }
  const options = await api.options();
  theatre.example = options.example ?? null;
  compose.setOptions(options);
  await history.load();
  compose.refresh();
  const id = location.hash.slice(1);
  const chosen = history.jobs.get(id) ?? (id.startsWith("fc-") ? await api.job(id).catch(() => null) : null)
    ?? [...history.jobs.values()].find(isOpen);
  if (chosen) open(chosen, false);
  else if (!theatre.job) theatre.vacant();
  look();
}

/** Now and then: jobs that are under way elsewhere, and the workers for those who may see them. */
async function look() {
  try {
    for (const job of history.open.slice(0, 6)) history.put(await api.job(job.id));
    if (session.scopes.includes("operate")) await operators.look();
    else if (!api.isReachable()) await api.session();
    tellState();
  } catch (error) {
    if (error.status !== 0) tellState("down", t("Trouble"));
  }
  setTimeout(look, document.hidden ? 15000 : 3000);
}

/** Says in the header what the service does, above all for the reader's own job. */
function tellState(kind, text) {
  const own = [...history.jobs.values()].filter(isOpen);
  const pill = byId("service-state");
  const [state, words] = !api.isReachable() ? ["down", t("No connection")]
    : kind ? [kind, text]
    : own.some(job => job.status === "running") ? ["busy", t("Working")]
    : own.length ? ["busy", t("Waiting")]
    : operators.state ?? ["", t("Ready")];
  pill.className = `pill ${state}`;
  if (pill.textContent !== words) pill.textContent = words;
}

api.onConnection(now => {
  byId("offline").hidden = now;
  document.body.classList.toggle("offline", !now);
  tellState();
  if (now && session === null) start().catch(toastError);
});

function askToSignIn() {
  const dialog = byId("sign-in");
  if (!dialog.open) dialog.showModal();
}

setUpSignIn(() => start().catch(toastError));

byId("language").append(...Object.entries(languages).map(([name, title]) => make("option", { value: name, selected: name === language() }, title)));
byId("language").addEventListener("change", () => setLanguage(byId("language").value));

byId("account").addEventListener("click", async () => {
  if (!session?.signed_in) {
    askToSignIn();
    return;
  }
  await api.signOut();
  await drafts.forget(); // the next person at this browser shall not see it
  location.hash = "";
  location.reload();
});

start().catch(toastError);
