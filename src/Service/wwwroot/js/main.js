/** Puts the page together. */

import { byId, make, isOpen, randomId, scrollTo } from "./util.js";
import { t, loadTexts, languages, language, setLanguage } from "./texts.js";
import { toastError } from "./toast.js";
import * as api from "./api.js";
import * as drafts from "./draft.js";
import { Compose } from "./compose.js";
import { Theatre } from "./theatre.js";
import { History } from "./history.js";
import { setUpSignIn, signInFromLink, isSignInLink } from "./sign-in.js";
import { Operators } from "./operators.js";

const RetryPause = 3000;
const LookedAt = 6; // open jobs for each look

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
  gone: job => history.drop(job.id),
  start: async name => { if (await compose.takeSample(name)) await compose.submit(); },
});
const compose = new Compose(history, (job, isFirst) => { history.put(job); if (isFirst) open(job); }, askToSignIn);
const operators = new Operators();
let session = null;
let isLooking = false;
let isVarying = false;

function open(job, byUser = true) {
  theatre.open(job);
  history.choose(job.id);
  window.history.replaceState(null, "", `#${job.id}`);
  tellState();
  if (byUser && matchMedia("(max-width: 62rem)").matches) scrollTo(byId("theatre"), "start");
}

function compare(one, other) {
  history.choose(null);
  theatre.compare(one, other, open);
}

/** Submits a job once more, with its seed or with another one. */
async function vary(job, seed) {
  if (isVarying) return; // a double click is one wish
  isVarying = true;
  try {
    const next = await api.again(job.id, seed, randomId());
    history.put(next);
    open(next);
  } catch (error) {
    toastError(error);
  } finally {
    isVarying = false;
  }
}

/** Puts the page to work; tries again while the service does not answer. */
async function start() {
  try {
    await signInFromLink();
    await begin();
  } catch (error) {
    if (error.status === 401) return; // the reader was asked to sign in
    if (error.status !== 0) toastError(error); // the page says itself that the service is away
    if (error.status === 0 || error.status >= 500) setTimeout(start, RetryPause);
  }
}

async function begin() {
  session = await api.session();
  showAccount();
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
  const chosen = await jobOfAddress() ?? [...history.jobs.values()].find(isOpen);
  if (chosen) open(chosen, false);
  else if (!theatre.job) theatre.vacant();
  if (isLooking) return;
  isLooking = true;
  look();
}

function showAccount() {
  const account = byId("account");
  account.hidden = session.auth === "none";
  account.textContent = session.signed_in ? t("Sign out") : t("Sign in");
}

/** The job behind the # of the address, or null. */
async function jobOfAddress() {
  const id = location.hash.slice(1);
  if (!id.startsWith("fc-")) return null;
  return history.jobs.get(id) ?? await api.job(id).catch(error => { toastError(error); return null; });
}

/** Now and then: jobs that are under way elsewhere, and the workers for those who may see them. */
async function look() {
  try {
    if (session.signed_in) {
      for (const job of history.open.slice(-LookedAt)) await lookAt(job); // the oldest are the next to change
      if (session.scopes.includes("operate")) await operators.look();
    }
    if (!api.isReachable()) await api.session();
    history.showAges();
    tellState();
  } catch (error) {
    if (error.status !== 0) tellState("down", t("Trouble"));
  }
  setTimeout(look, document.hidden ? 15000 : 3000);
}

/** Takes up the state of a job; one that was deleted elsewhere leaves the page. */
async function lookAt(job) {
  try {
    history.put(await api.job(job.id));
  } catch (error) {
    if (error.status !== 404) throw error;
    history.drop(job.id);
  }
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
});

// The token of this browser was revoked or has expired, or it was signed out in another tab.
api.onRefused(() => {
  if (!session?.signed_in) return;
  session.signed_in = false;
  showAccount();
  askToSignIn();
});

// A link of this page that is pasted into its own tab loads nothing anew.
window.addEventListener("hashchange", async () => {
  if (isSignInLink()) {
    location.reload();
    return;
  }
  const job = session?.signed_in ? await jobOfAddress() : null;
  if (job && job.id !== theatre.id) open(job);
});

function askToSignIn() {
  const dialog = byId("sign-in");
  if (!dialog.open) dialog.showModal();
}

setUpSignIn(start);

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

start();
