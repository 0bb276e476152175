"""Runs deploy/modal/app.py and deploy/runpod/handler.py against a running service: DEPLOY IMAGE_URL AUDIO_URL in the arguments, the
address and the token of the service in LOCUTOR_URL and LOCUTOR_TOKEN. Prints what the tests compare as JSON."""
import base64
import json
import os
import sys
import tempfile
import time
import types
import urllib.request

deploy, image, audio = sys.argv[1:]
sys.path[:0] = [os.path.join(os.path.dirname(os.path.abspath(__file__)), "standin"), os.path.join(deploy, "modal"),
                os.path.join(deploy, "runpod")]
import app  # noqa: E402
import handler  # noqa: E402

opener = urllib.request.build_opener()
opener.addheaders = [("Authorization", "Bearer " + os.environ["LOCUTOR_TOKEN"])]
urllib.request.install_opener(opener)
app.URL = os.environ["LOCUTOR_URL"]
app.OUTPUTS = tempfile.mkdtemp()
said = {"name": app.app.name, "functions": {name: {key: value[key] for key in ("gpu", "method", "label", "requires_proxy_auth")}
                                            for name, value in app.app.functions.items()},
        "class": {key: value for key, value in app.app.classes["Model"].items() if key in ("gpu", "min_containers", "scaledown_window")}}

# The start of the program, without the program.
ran = []
app.subprocess = types.SimpleNamespace(
    run=lambda command, check: ran.append(command),
    Popen=lambda command: ran.append(command) or types.SimpleNamespace(poll=lambda: None, terminate=lambda: None, wait=lambda timeout: 0),
    TimeoutExpired=app.subprocess.TimeoutExpired)
model = app.Model()
model.start()
model.stop()
said["commands"] = ran


def finish(call_id):
    codes = []
    while True:
        answer = app.result_head(call_id)
        codes.append(answer.status_code)
        if answer.status_code != 202:
            return codes, app.result(call_id)
        time.sleep(0.05)


submitted = app.submit({"image": image, "audio1": audio, "prompt": "", "unknown": 1})
codes, answer = finish(submitted.content["call_id"])
said["codes"] = [codes[0], codes[-1]]
with open(answer.path, "rb") as file:
    said["modal_video"] = base64.b64encode(file.read()).decode()
said["media_type"] = answer.media_type
said["invalid"] = [(app.submit(request).status_code) for request in ({}, {"image": 1, "audio1": audio})]
_, failed = finish(app.submit({"image": "ftp://example.org/x", "audio1": audio}).content["call_id"])
said["failed"] = [failed.status_code, failed.content["detail"]]
said["unknown"] = app.result("fc-none").status_code

job = {"id": "one", "input": {"image": image, "audio": audio, "seed": 7}}
handler.URL, handler.TOKEN = os.environ["LOCUTOR_URL"], os.environ["LOCUTOR_TOKEN"]
said["runpod"] = handler.handler(job)
said["updates"] = len(handler.runpod.serverless.updates)
handler.PUBLIC = "https://example.org"
said["runpod_link"] = handler.handler(job)["url"]
said["runpod_refused"] = handler.handler({"id": "two", "input": {"image": image, "audio": audio, "steps": -1}})
print(json.dumps(said))
