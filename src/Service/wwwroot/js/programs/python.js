/** A whole program in Python: submit, wait, download. */

const quote = text => JSON.stringify(String(text)); // a string of JSON is one of Python

export function python({ address, auth, files, texts, values, output }) {
  const fields = [
    ...files.map(({ name, file, url }) => url ? `    ${quote(name)}: (None, ${quote(url)}),` : `    ${quote(name)}: open(${quote(file)}, "rb"),`),
    ...texts.map(({ name, file }) => `    ${quote(name)}: (None, open(${quote(file)}, encoding="utf-8").read()),`),
    ...values.map(({ name, value }) => `    ${quote(name)}: (None, ${quote(value)}),`),
  ];
  return `# pip install requests
${auth ? "import os\n" : ""}import time
import requests

service = ${quote(address)}
session = requests.Session()
${auth ? `# The token is KEY.SECRET, the two parts that 'locutor tokens create' prints.
session.headers["Authorization"] = "Bearer " + os.environ["LOCUTOR_TOKEN"]
` : ""}

def ask(method, path, **more):
    answer = session.request(method, service + path, **more)
    if not answer.ok:
        raise SystemExit(answer.json()["detail"])
    return answer


job = ask("POST", "/v1/jobs/upload", files={
${fields.join("\n")}
}).json()

while job["status"] in ("queued", "running"):
    print(job["status"], job["progress"]["percent"], "%")
    time.sleep(2)
    job = ask("GET", "/v1/jobs/" + job["id"]).json()
if job["status"] != "succeeded":
    raise SystemExit(job.get("error", {}).get("message", job["status"]))

with open(${quote(output)}, "wb") as file:
    file.write(ask("GET", job["result"]["video"]).content)
`;
}
