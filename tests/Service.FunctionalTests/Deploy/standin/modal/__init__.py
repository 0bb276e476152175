"""A stand-in for the package `modal`: its functions have the documented parameters of Modal 1.x and refuse all others. Functions and
classes run in this process, and a spawned call runs in a thread."""
import threading
import uuid

from . import exception


class _Image:
    def __init__(self, steps=()):
        self.steps = list(steps)

    @staticmethod
    def from_registry(tag, secret=None, *, setup_dockerfile_commands=(), force_build=False, add_python=None, **_only):
        assert not _only, _only
        assert "USER root" in setup_dockerfile_commands, "Modal builds with the image's user, which is not root"
        return _Image([("from_registry", tag, add_python)])

    @staticmethod
    def debian_slim(python_version=None, force_build=False):
        return _Image([("debian_slim", python_version)])

    def entrypoint(self, entrypoint_commands):
        return _Image(self.steps + [("entrypoint", entrypoint_commands)])

    def pip_install(self, *packages, find_links=None, index_url=None, extra_index_url=None, pre=False, extra_options="",
                    force_build=False, env=None, secrets=None, gpu=None):
        return _Image(self.steps + [("pip_install", packages)])

    def env(self, vars):
        assert all(isinstance(value, str) for value in vars.values())
        return _Image(self.steps + [("env", vars)])


Image = _Image


class Volume:
    @staticmethod
    def from_name(name, *, environment_name=None, create_if_missing=False, version=None, client=None):
        volume = Volume()
        volume.name = name
        volume.commits = volume.reloads = 0
        return volume

    def commit(self):
        self.commits += 1

    def reload(self):
        self.reloads += 1


class FunctionCall:
    calls = {}

    def __init__(self, act):
        self.object_id = "fc-" + uuid.uuid4().hex[:26]
        self.result = self.error = None
        self.thread = threading.Thread(target=self._run, args=(act,))
        FunctionCall.calls[self.object_id] = self
        self.thread.start()

    def _run(self, act):
        try:
            self.result = act()
        except Exception as error:
            self.error = error

    @staticmethod
    def from_id(function_call_id, client=None):
        if function_call_id not in FunctionCall.calls:
            raise exception.NotFoundError(function_call_id)
        return FunctionCall.calls[function_call_id]

    def get(self, timeout=None, *, index=0):
        self.thread.join(timeout)
        if self.thread.is_alive():
            raise TimeoutError()
        if self.error:
            raise self.error
        return self.result


class _Method:
    def __init__(self, act):
        self.act = act

    def __get__(self, instance, owner):
        bound = _Method(self.act.__get__(instance, owner))
        return bound

    def local(self, *arguments, **named):
        return self.act(*arguments, **named)

    def spawn(self, *arguments, **named):
        return FunctionCall(lambda: self.act(*arguments, **named))


def method(*, is_generator=None):
    return _Method


def enter(*, snap=False):
    return lambda act: act


def exit():
    return lambda act: act


def fastapi_endpoint(*, method=None, label=None, custom_domains=None, docs=False, requires_proxy_auth=False):
    def wrap(act):
        act.endpoint = {"method": method, "label": label, "requires_proxy_auth": requires_proxy_auth}
        return act

    return wrap


class App:
    def __init__(self, name=None, *, tags=None, image=None, secrets=(), volumes=None, include_source=True):
        self.name = name
        self.classes, self.functions = {}, {}

    def cls(self, *, image=None, env=None, secrets=None, gpu=None, serialized=False, network_file_systems=None, volumes=None, cpu=None,
            memory=None, ephemeral_disk=None, min_containers=None, max_containers=None, buffer_containers=None, scaledown_window=None,
            proxy=None, retries=None, timeout=300, startup_timeout=None, cloud=None, region=None, nonpreemptible=False,
            enable_memory_snapshot=False, block_network=False, restrict_modal_access=False, single_use_containers=False,
            include_source=None, experimental_options=None):
        def wrap(kind):
            self.classes[kind.__name__] = {"gpu": gpu, "volumes": volumes, "image": image, "timeout": timeout,
                                           "scaledown_window": scaledown_window, "min_containers": min_containers}
            return kind

        return wrap

    def function(self, *, image=None, schedule=None, env=None, secrets=None, gpu=None, serialized=False, network_file_systems=None,
                 volumes=None, cpu=None, memory=None, ephemeral_disk=None, min_containers=None, max_containers=None,
                 buffer_containers=None, scaledown_window=None, proxy=None, retries=None, timeout=300, startup_timeout=None, name=None,
                 is_generator=None, cloud=None, region=None, nonpreemptible=False, enable_memory_snapshot=False, block_network=False,
                 restrict_modal_access=False, single_use_containers=False, i6pn=None, include_source=None, experimental_options=None):
        def wrap(act):
            self.functions[act.__name__] = {"gpu": gpu, "volumes": volumes, "image": image, **getattr(act, "endpoint", {})}
            return act

        return wrap
