"""Talking videos on Modal, with the addresses of the predecessor's deployment:

    https://WORKSPACE--infinitetalk-api-model-submit.modal.run        POST {"image", "audio1", "prompt"?, "audio2"?}
    https://WORKSPACE--infinitetalk-api-api-result.modal.run          GET ?call_id=
    https://WORKSPACE--infinitetalk-api-api-result-head.modal.run     HEAD ?call_id=

Deploy with `modal deploy deploy/modal/app.py`. Callers send the proxy tokens of the workspace (Modal-Key, Modal-Secret).
Modal queues the calls and starts a GPU for them; with no calls nothing runs. LOCUTOR_IMAGE names the image of deploy/images.
"""
import json
import os
import shutil
import subprocess
import time
import urllib.error
import urllib.request

import modal

IMAGE = os.environ.get("LOCUTOR_IMAGE", "registry.example.org/locutor:cuda")
MODEL = os.environ.get("LOCUTOR_MODEL", "infinitetalk-480p-fp8")
GPU = os.environ.get("LOCUTOR_GPU", "H100")
PROGRAM = os.environ.get("LOCUTOR_PROGRAM", "/app/locutor")
MODELS, OUTPUTS, DATA = "/models", "/outputs", "/tmp/locutor"
URL = "http://127.0.0.1:8080"

app = modal.App("infinitetalk-api")
image = (
    # The image has a user of its own, who cannot install Python.
    modal.Image.from_registry(IMAGE, setup_dockerfile_commands=["USER root"], add_python="3.12")
    .entrypoint([])
    .pip_install("fastapi[standard]")
    .env({"LOCUTOR_MODEL": MODEL})
)
web = modal.Image.debian_slim(python_version="3.12").pip_install("fastapi[standard]")
models = modal.Volume.from_name("infinitetalk-models", create_if_missing=True)
outputs = modal.Volume.from_name("infinitetalk-outputs", create_if_missing=True)


class Refused(Exception):
    """The program refused or failed a call. The message is its reason."""


def ask(method, path, body=None):
    """Asks the program on this machine. Returns the status and the body."""
    request = urllib.request.Request(URL + path, method=method, headers={"Content-Type": "application/json"}, data=body)
    try:
        with urllib.request.urlopen(request, timeout=600) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as refusal:
        return refusal.code, refusal.read()


def detail(body):
    try:
        return json.loads(body)["detail"]
    except (ValueError, KeyError, TypeError):
        return "the program gave no reason"


@app.cls(
    image=image,
    gpu=GPU,
    volumes={MODELS: models, OUTPUTS: outputs},
    timeout=24 * 3600,
    startup_timeout=3600,
    scaledown_window=300,
    max_containers=10,
)
class Model:
    """One GPU with the program. It makes one video at a time."""

    @modal.enter()
    def start(self):
        subprocess.run([PROGRAM, "models", "pull", MODEL, "--store", MODELS], check=True)
        models.commit()
        self.program = subprocess.Popen(
            [PROGRAM, "serve", "--no-auth", "--data", DATA, "--urls", URL, "--set", f"model={MODEL}", "--set", f"store={MODELS}"]
        )
        while True:
            try:
                if ask("GET", "/readyz")[0] == 200:
                    return
            except OSError:
                pass
            if self.program.poll() is not None:
                raise RuntimeError(f"the program ended with code {self.program.returncode}")
            time.sleep(0.5)

    @modal.exit()
    def stop(self):
        # The program hands its job back; Modal gives 30 seconds.
        self.program.terminate()
        try:
            self.program.wait(timeout=25)
        except subprocess.TimeoutExpired:
            self.program.kill()

    @modal.method()
    def generate(self, request):
        """Makes a video and returns its name in the volume of outputs."""
        status, body = ask("POST", "/", json.dumps(request).encode())
        if status != 200:
            raise Refused(detail(body))
        call = json.loads(body)["call_id"]
        while True:
            status, video = ask("GET", f"/?call_id={call}")
            if status != 202:
                break
            time.sleep(1)
        if status != 200:
            raise Refused(detail(video))
        name = f"{call}.mp4"
        with open(os.path.join(OUTPUTS, name + ".part"), "wb") as file:
            file.write(video)
        shutil.move(os.path.join(OUTPUTS, name + ".part"), os.path.join(OUTPUTS, name))
        outputs.commit()
        return name


def checked(request):
    """Returns the fields of a submission, or the faults in the form that FastAPI has."""
    faults = []
    for field, required in [("image", True), ("audio1", True), ("audio2", False), ("prompt", False)]:
        value = request.get(field) if isinstance(request, dict) else None
        if value is None and required:
            faults.append({"type": "missing", "loc": ["body", field], "msg": "Field required"})
        elif value is not None and not isinstance(value, str):
            faults.append({"type": "string_type", "loc": ["body", field], "msg": "Input should be a valid string"})
    if faults:
        return None, faults
    return {field: request[field] for field in ("image", "audio1", "audio2", "prompt") if request.get(field)}, []


@app.function(image=web)
@modal.fastapi_endpoint(method="POST", label="infinitetalk-api-model-submit", requires_proxy_auth=True)
def submit(request: dict):
    from fastapi.responses import JSONResponse

    fields, faults = checked(request)
    if faults:
        return JSONResponse({"detail": faults}, status_code=422)
    call = Model().generate.spawn(fields)
    return JSONResponse({"call_id": call.object_id})


def finished(call_id):
    """Returns the status of a call, and the path of its video or the reason why there is none."""
    try:
        call = modal.FunctionCall.from_id(call_id)
        name = call.get(timeout=0)
    except TimeoutError:
        return 202, None
    except modal.exception.OutputExpiredError:
        return 410, "The result has expired"
    except modal.exception.NotFoundError:
        return 404, "There is no such call"
    except Refused as refused:
        return 500, str(refused)
    outputs.reload()
    path = os.path.join(OUTPUTS, name)
    return (200, path) if os.path.exists(path) else (410, "The result has expired")


def answer(call_id):
    from fastapi.responses import FileResponse, JSONResponse, Response

    status, found = finished(call_id)
    if status == 200:
        return FileResponse(found, media_type="video/mp4", filename=os.path.basename(found))
    if status == 202:
        return Response(status_code=202, headers={"Retry-After": "2"})
    return JSONResponse({"detail": found}, status_code=status)


@app.function(image=web, volumes={OUTPUTS: outputs})
@modal.fastapi_endpoint(method="GET", label="infinitetalk-api-api-result", requires_proxy_auth=True)
def result(call_id: str):
    return answer(call_id)


@app.function(image=web, volumes={OUTPUTS: outputs})
@modal.fastapi_endpoint(method="HEAD", label="infinitetalk-api-api-result-head", requires_proxy_auth=True)
def result_head(call_id: str):
    return answer(call_id)
