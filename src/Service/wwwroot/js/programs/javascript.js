/** A whole program for Node.js: submit, wait, download. */

const quote = text => JSON.stringify(String(text));

export function javascript({ address, auth, files, texts, values, output }) {
  const parts = [
    ...files.map(({ name, file, url }) => url ? `form.append(${quote(name)}, ${quote(url)});` : `form.append(${quote(name)}, await openAsBlob(${quote(file)}), ${quote(file)});`),
    ...texts.map(({ name, file }) => `form.append(${quote(name)}, await readFile(${quote(file)}, "utf8"));`),
    ...values.map(({ name, value }) => `form.append(${quote(name)}, ${quote(value)});`),
  ];
  return `// program.mjs, for Node.js 20 or newer
import { openAsBlob } from "node:fs";
import { ${texts.length ? "readFile, " : ""}writeFile } from "node:fs/promises";

const service = ${quote(address)};
${auth ? `// The token is KEY.SECRET, the two parts that 'locutor tokens create' prints.
const headers = { Authorization: \`Bearer \${process.env.LOCUTOR_TOKEN}\` };
` : "const headers = {};\n"}
async function ask(path, options = {}) {
  const answer = await fetch(service + path, { headers, ...options });
  if (!answer.ok) throw new Error((await answer.json()).detail);
  return answer;
}

const form = new FormData();
${parts.join("\n")}
let job = await (await ask("/v1/jobs/upload", { method: "POST", body: form })).json();

while (job.status === "queued" || job.status === "running") {
  console.log(job.status, job.progress.percent, "%");
  await new Promise(done => setTimeout(done, 2000));
  job = await (await ask(\`/v1/jobs/\${job.id}\`)).json();
}
if (job.status !== "succeeded") throw new Error(job.error?.message ?? job.status);

await writeFile(${quote(output)}, Buffer.from(await (await ask(job.result.video)).arrayBuffer()));
`;
}
