// A program over the types that openapi-typescript generates: uploads files, watches the job to its end and saves the video.
import { readFileSync, writeFileSync } from "node:fs";
import type { components, operations } from "./generated";

type Job = components["schemas"]["JobView"];
type Problem = components["schemas"]["Problem"];
type Submission = operations["submitJob"]["requestBody"]["content"]["application/json"];

const [url, credentials, picture, voice, output] = process.argv.slice(2) as [string, string, string, string, string];
const ask = (path: string, init: RequestInit = {}) => fetch(url + path, { ...init, headers: { Authorization: `Bearer ${credentials}`, ...init.headers } });

const bad: Submission = { audio: "http://192.0.2.1/voice.wav", steps: 0 };
const refused = await ask("/v1/jobs", { method: "POST", body: JSON.stringify(bad), headers: { "content-type": "application/json" } });
const problem = (await refused.json()) as Problem;
console.log(`refused ${problem.status} ${problem.code} ${Object.keys(problem.errors ?? {}).sort().join(" ")}`);

const form = new FormData();
form.set("image", new Blob([readFileSync(picture)]), "portrait.png");
form.set("audio", new Blob([readFileSync(voice)]), "voice.wav");
form.set("prompt", "A woman sings");
form.set("seed", "7");
form.set("metadata", JSON.stringify({ order: "42" }));
let job = (await (await ask("/v1/jobs/upload", { method: "POST", body: form })).json()) as Job;
console.log(`submitted ${job.id}`);

const events = await (await ask(`/v1/jobs/${job.id}/events`)).text();
const last = events.split("\n").filter((line) => line.startsWith("data: ")).at(-1)!;
job = JSON.parse(last.slice("data: ".length)) as Job;
const status: "succeeded" | string = job.status;
console.log(`${status.replace(/^./, (first) => first.toUpperCase())} seed ${job.seed} prompt ${job.prompt} metadata ${job.metadata?.["order"]}`);

writeFileSync(output, Buffer.from(await (await ask(job.result!.video)).arrayBuffer()));
console.log(`sha256 ${job.result!.sha256}`);

const listed = (await (await ask("/v1/jobs?limit=5")).json()) as components["schemas"]["JobListView"];
console.log(`listed ${listed.jobs.filter((one) => one.id === job.id).length}`);
await ask(`/v1/jobs/${job.id}`, { method: "DELETE" });
