/** The service's addresses. Errors carry the service's own sentence. */

import { t } from "./texts.js";
import { said } from "./sentences.js";

export class ApiError extends Error {
  constructor(status, problem) {
    super(said(problem?.detail) || t("The service answered {status}", { status }));
    this.status = status;
    this.code = problem?.code;
    this.errors = problem?.errors;
  }
}

const watchers = new Set();
let reachable = true;

/** Calls back when the service is lost, and when it is there again. */
export const onConnection = watcher => watchers.add(watcher);

export const isReachable = () => reachable;

function note(now) {
  if (now === reachable) return;
  reachable = now;
  for (const watcher of watchers) watcher(now);
}

async function send(path, options) {
  try {
    const response = await fetch(path, { credentials: "same-origin", ...options });
    note(true);
    return response;
  } catch (error) {
    if (error.name === "AbortError") throw error;
    note(false);
    throw new ApiError(0, { detail: t("The service cannot be reached"), code: "offline" });
  }
}

async function ask(path, options = {}) {
  const response = await send(path, options);
  if (response.ok) return response.status === 204 ? null : response.json();
  let problem = null;
  try { problem = await response.json(); } catch { /* a proxy may answer with something else */ }
  throw new ApiError(response.status, problem);
}

const json = (method, body) => ({ method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

export const session = () => ask("/v1/session");
export const signOut = () => ask("/v1/session", { method: "DELETE" });
export const signIn = (key, secret) => ask("/v1/session", json("POST", { key, secret }));
export const options = () => ask("/v1/options");
export const voices = () => ask("/v1/voices");
export const workers = () => ask("/v1/workers");
export const job = id => ask(`/v1/jobs/${id}`);
export const jobs = (cursor, limit = 24) => ask(`/v1/jobs?limit=${limit}${cursor ? `&cursor=${cursor}` : ""}`);
export const cancel = id => ask(`/v1/jobs/${id}/cancel`, { method: "POST" });
export const remove = id => ask(`/v1/jobs/${id}`, { method: "DELETE", keepalive: true });
export const submit = (form, key) => ask("/v1/jobs", { method: "POST", headers: { "Idempotency-Key": key }, body: form });

/** Submits a job again with its stored inputs; without a seed it becomes a variation. */
export const again = (id, seed, key) =>
  ask(`/v1/jobs/${id}/again${seed === null ? "" : `?seed=${seed}`}`, { method: "POST", headers: { "Idempotency-Key": key } });

/** Checks a file before it is submitted. */
export const check = (file, kind, model, size, signal) => ask(
  `/v1/inputs/check?${new URLSearchParams({ kind, model, size })}`,
  { method: "POST", headers: { "Content-Type": "application/octet-stream" }, body: file, signal });

/** Waits until a video is there in a format; onWait is told when that takes longer. */
export async function convert(address, onWait) {
  while (true) {
    const stop = new AbortController();
    const response = await send(address, { signal: stop.signal });
    if (response.status === 200) {
      stop.abort(); // the download itself is the browser's
      return;
    }
    const answer = await response.json().catch(() => null);
    if (response.status !== 202) throw new ApiError(response.status, answer);
    onWait();
    await new Promise(done => setTimeout(done, 1000 * (answer?.retry_after ?? 5)));
  }
}

/** Follows a job until it ends; gives a function that stops following. */
export function follow(id, onJob) {
  const events = new EventSource(`/v1/jobs/${id}/events`);
  const heed = event => {
    note(true);
    const job = JSON.parse(event.data);
    if (event.type === "ended") events.close();
    onJob(job);
  };
  events.addEventListener("progress", heed);
  events.addEventListener("ended", heed);
  events.addEventListener("error", () => session().catch(() => {})); // tells at once whether the service is away
  return () => events.close();
}

/** Signs a link to the video of a job. */
export const link = (id, hours) => ask(`/v1/jobs/${id}/links`, json("POST", { file: "video", hours }));

/** For operators: the jobs of all tokens, what they used, and orders to workers. */
export const allJobs = limit => ask(`/v1/operate/jobs?limit=${limit}`);
export const usage = (from, by) => ask(`/v1/usage?${new URLSearchParams({ all: "", from, by })}`);
export const order = (id, what) => ask("/v1/workers/orders", json("POST", { id, order: what }));
