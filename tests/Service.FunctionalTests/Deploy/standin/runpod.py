"""A stand-in for the package `runpod`: the two documented functions that deploy/runpod/handler.py uses."""


class serverless:
    started = None
    updates = []

    @staticmethod
    def start(config):
        assert set(config) <= {"handler", "return_aggregate_stream", "concurrency_modifier"} and callable(config["handler"])
        serverless.started = config

    @staticmethod
    def progress_update(job, progress):
        assert "id" in job
        serverless.updates.append(progress)
