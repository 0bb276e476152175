"""A worker of a RunPod queue endpoint: it starts the program, hands each job to it and returns the video.

The input of a job has the fields of POST /v1/jobs (docs/requests.md), with addresses for the files. The output has the signed address of
the video for 24 hours where LOCUTOR_PUBLIC_URL names an address that callers reach, and else the video in base64.
The image of Containerfile in this folder runs it. LOCUTOR_PULL names models to download first; LOCUTOR_STORE=/runpod-volume keeps them for
the next worker. LOCUTOR_URL and LOCUTOR_TOKEN use a service that runs already.
"""
import base64
import json
import os
import subprocess
import time
import urllib.error
import urllib.request

import runpod

OWN = "http://127.0.0.1:8080"
URL = os.environ.get("LOCUTOR_URL", OWN)
TOKEN = os.environ.get("LOCUTOR_TOKEN")
PUBLIC = os.environ.get("LOCUTOR_PUBLIC_URL")
PROGRAM = os.environ.get("LOCUTOR_PROGRAM", "/app/locutor")


def ask(method, path, body=None):
    """Asks the program. Returns the status and the body."""
    headers = {"Content-Type": "application/json"}
    if TOKEN:
        headers["Authorization"] = f"Bearer {TOKEN}"
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(URL + path, method=method, headers=headers, data=data)
    try:
        with urllib.request.urlopen(request, timeout=600) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as refusal:
        return refusal.code, refusal.read()


def handler(job):
    status, body = ask("POST", "/v1/jobs", job["input"])
    made = json.loads(body)
    if status != 202:
        return {"error": made.get("detail", "the program refused the job")}
    path = f"/v1/jobs/{made['id']}"
    while made["status"] in ("queued", "running"):
        runpod.serverless.progress_update(job, {"percent": made["progress"]["percent"], "eta_seconds": made["progress"].get("eta_seconds")})
        time.sleep(1)
        made = json.loads(ask("GET", path)[1])
    if made["status"] != "succeeded":
        return {"error": made.get("error", {}).get("message", made["status"])}
    output = {"id": made["id"], "seconds": made["result"]["seconds"], "width": made["result"]["width"], "height": made["result"]["height"]}
    if PUBLIC:
        output["url"] = json.loads(ask("POST", f"{path}/links", {"file": "video"})[1])["url"]
    else:
        output["video"] = base64.b64encode(ask("GET", f"{path}/video")[1]).decode()
    return output


def start():
    """Downloads the models, starts the program and waits until it is ready, since RunPod sends jobs at once."""
    subprocess.run(["/app/pull-models"], check=True)
    program = subprocess.Popen([PROGRAM, "serve", "--no-auth", "--urls", OWN])
    while program.poll() is None:
        try:
            if ask("GET", "/readyz")[0] == 200:
                return
        except OSError:
            pass
        time.sleep(0.2)
    raise SystemExit(f"the program ended with code {program.returncode}")


if __name__ == "__main__":
    if URL == OWN:
        start()
    runpod.serverless.start({"handler": handler})
