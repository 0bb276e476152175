/** The service's addresses. Errors carry the service's own sentence. */

export class ApiError extends Error {
  constructor(status, problem) {
    super(problem?.detail || `The service answered ${status}`);
    this.status = status;
    this.code = problem?.code;
    this.errors = problem?.errors;
  }
}

async function ask(path, options = {}) {
  let response;
  try {
    response = await fetch(path, { credentials: "same-origin", ...options });
  } catch {
    throw new ApiError(0, { detail: "The service cannot be reached", code: "offline" });
  }
  if (response.ok) return response.status === 204 ? null : response.json();
  let problem = null;
  try { problem = await response.json(); } catch { /* a proxy may answer with something else */ }
  throw new ApiError(response.status, problem);
}

export const session = () => ask("/v1/session");
export const signOut = () => ask("/v1/session", { method: "DELETE" });
export const signIn = (key, secret) => ask("/v1/session", {
  method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ key, secret }),
});
export const options = () => ask("/v1/options");
export const voices = () => ask("/v1/voices");
export const workers = () => ask("/v1/workers");
export const job = id => ask(`/v1/jobs/${id}`);
export const jobs = (cursor, limit = 24) => ask(`/v1/jobs?limit=${limit}${cursor ? `&cursor=${cursor}` : ""}`);
export const cancel = id => ask(`/v1/jobs/${id}/cancel`, { method: "POST" });
export const remove = id => ask(`/v1/jobs/${id}`, { method: "DELETE" });
export const submit = (form, key) => ask("/v1/jobs", { method: "POST", headers: { "Idempotency-Key": key }, body: form });

/** Follows a job until it ends; gives a function that stops following. */
export function follow(id, onJob) {
  const events = new EventSource(`/v1/jobs/${id}/events`);
  const heed = event => {
    const job = JSON.parse(event.data);
    if (event.type === "ended") events.close();
    onJob(job);
  };
  events.addEventListener("progress", heed);
  events.addEventListener("ended", heed);
  return () => events.close();
}
