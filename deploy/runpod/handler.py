"""A worker of a RunPod queue endpoint: it hands each job to the program on this machine and returns the video.

The input of a job has the fields of POST /v1/jobs (docs/requests.md), with addresses for the files. The output has the signed address of
the video for 24 hours where LOCUTOR_PUBLIC_URL names an address that callers reach, and else the video in base64.
Start: `locutor serve --no-auth --urls http://127.0.0.1:8080` and then `python3 handler.py`.
"""
import base64
import json
import os
import time
import urllib.error
import urllib.request

import runpod

URL = os.environ.get("LOCUTOR_URL", "http://127.0.0.1:8080")
TOKEN = os.environ.get("LOCUTOR_TOKEN")
PUBLIC = os.environ.get("LOCUTOR_PUBLIC_URL")


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


if __name__ == "__main__":
    runpod.serverless.start({"handler": handler})
