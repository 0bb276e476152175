/** The service's addresses. Errors carry the service's own sentence. */

import { t } from "./texts.js";
import { said } from "./sentences.js";
import { isOpen } from "./util.js";

const FollowPause = 4000;

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

let refused = () => {};

/** Calls back when the service knows this browser's token no more. */
export const onRefused = watcher => { refused = watcher; };

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
  if (response.status === 401 && path !== "/v1/session") {
    problem = { ...problem, detail: t("You are signed out. Sign in again.") };
    refused();
  }
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

/**
 * Follows a job until it ends or is deleted elsewhere; gives a function that stops following. A page in the background asks now and then instead: browsers open
 * six connections to a host, and six tabs with a stream each would leave none for anything else.
 */
export function follow(id, onJob, onGone) {
  let events = null, timer = 0, isOver = false;
  const leave = () => { events?.close(); clearTimeout(timer); };
  const stop = () => { isOver = true; leave(); document.removeEventListener("visibilitychange", begin); };
  const heed = next => {
    if (isOver) return;
    if (!isOpen(next)) stop();
    onJob(next);
  };
  const look = async () => {
    try {
      heed(await job(id));
    } catch (error) {
      if (error.status === 404 && !isOver) {
        stop();
        onGone();
      }
    }
    if (!isOver) begin();
  };
  const later = () => { timer = setTimeout(look, FollowPause); };
  function begin() {
    leave();
    if (document.hidden) return later();
    events = listen(id, heed, later);
  }
  document.addEventListener("visibilitychange", begin);
  begin();
  return stop;
}

/** Opens the stream of a job's events. */
function listen(id, onJob, onEnd) {
  const events = new EventSource(`/v1/jobs/${id}/events`);
  const heed = event => {
    note(true);
    onJob(JSON.parse(event.data));
  };
  events.addEventListener("progress", heed);
  events.addEventListener("ended", heed);
  events.addEventListener("error", () => {
    session().catch(() => {}); // tells at once whether the service is away
    if (events.readyState === EventSource.CLOSED) onEnd(); // after an answer such as 502 the browser does not try again
  });
  return events;
}

/** Signs a link to the video of a job. */
export const link = (id, hours) => ask(`/v1/jobs/${id}/links`, json("POST", { file: "video", hours }));

/** For operators: the jobs of all tokens, what they used, and orders to workers. */
export const allJobs = limit => ask(`/v1/operate/jobs?limit=${limit}`);
export const usage = (from, by) => ask(`/v1/usage?${new URLSearchParams({ all: "", from, by })}`);
export const order = (id, what) => ask("/v1/workers/orders", json("POST", { id, order: what }));
