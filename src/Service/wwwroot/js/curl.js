/** A job as a command, for the classic address and for /v1. */

import { byId, copy } from "./util.js";
import { settings } from "./fields.js";

const quote = text => `'${String(text).replaceAll("'", `'\\''`)}'`;
const headers = `     -H "Modal-Key: $TOKEN_ID" \\\n     -H "Modal-Secret: $TOKEN_SECRET" \\\n`;

function v1(job) {
  const made = job.inputs.some(input => input.field === "text") ? ["audio", "audio2", "sound", "captions"] : [];
  const lines = job.inputs.filter(input => !made.includes(input.field)).map(input => input.field === "text"
    ? `     -F ${quote("text=<text.txt")}`
    : input.url
    ? `     -F ${quote(`${input.field}=${input.url}`)}`
    : `     -F ${quote(`${input.field}=@${input.field}${extension(input)}`)}`);
  for (const name of settings()) if (job[name] !== undefined) lines.push(`     -F ${quote(`${name}=${typeof job[name] === "object" ? JSON.stringify(job[name]) : job[name]}`)}`);
  return `curl -X POST ${quote(`${location.origin}/v1/jobs`)} \\\n${headers}${lines.join(" \\\n")}`;
}

function classic(job) {
  const url = field => job.inputs.find(input => input.field === field)?.url ?? `https://example.org/${field}`;
  const picture = job.inputs.some(input => input.field === "video") ? "video" : "image";
  const body = { image: url(picture), audio1: url("audio"), prompt: job.prompt };
  return `CALL_ID=$(curl -s -X POST \\
     -H "Content-Type: application/json" \\
${headers}     -d ${quote(JSON.stringify(body, null, 2))} \\
     ${quote(location.origin)} | jq -r '.call_id')

curl -w "%{http_code}" -s --head \\
${headers}     "${location.origin}?call_id=$CALL_ID"

curl -X GET \\
${headers}     --output video.mp4 \\
     "${location.origin}?call_id=$CALL_ID"`;
}

const extension = input => input.content_type ? `.${input.content_type.split("/")[1].replace("jpeg", "jpg").replace("x-", "")}` : "";

export function showCurl(job) {
  const tabs = [[byId("curl-v1"), v1], [byId("curl-seed"), classic]];
  const choose = chosen => {
    for (const [tab, text] of tabs) {
      tab.setAttribute("aria-selected", String(tab === chosen));
      tab.tabIndex = tab === chosen ? 0 : -1;
      if (tab === chosen) byId("curl-text").textContent = text(job);
    }
    byId("curl-text").setAttribute("aria-labelledby", chosen.id);
  };
  tabs.forEach(([tab], number) => {
    tab.onclick = () => choose(tab);
    tab.onkeydown = event => {
      if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
      const next = tabs[1 - number][0];
      choose(next);
      next.focus();
    };
  });
  choose(tabs[0][0]);
  byId("curl-copy").onclick = () => copy(byId("curl-text").textContent);
  byId("curl").showModal();
}
