"""The demo's own steps under kills: Terraform, a training job, an endpoint with captures, its update, and tuning.

One thread goes through the steps again and again until the kills are used up. A step that a kill has broken is
repeated, as a user would. A step that breaks without a kill is a fault. Every step has its own check.
"""

from __future__ import annotations

import io
import json
import random
import tarfile
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from benchmarks.kills import jobs
from benchmarks.kills.models import Collection
from benchmarks.kills.victim import NoAnswer, Victim, until
from localcloud.errors import LocalCloudError
from scones import settings
from scones.demo.leftovers import left_behind
from scones.errors import SconesError
from scones.model.registry import write_pin
from scones.service import packaging
from scones.settings import Environment
from scones.terraform import STACKS, Stack, destroy_all

LONGEST = 600.0
BROKEN = (SconesError, LocalCloudError, BotoCoreError, ClientError)


class Demonstrated:
    """The steps of the demo, with small data."""

    name, patience = "demo", 24.0

    def __init__(self, victim: Victim, chance: random.Random) -> None:
        self._victim = victim
        build = victim.folder.parent
        self._environment = settings.load("local", variables={"SCONES_BUILD": str(build)})
        assert self._environment.cloud_path == victim.folder / "cloud.json", "the stacks are applied to this cloud"
        self._logs = build / "logs"
        self._doing, self._wrong = "nothing", list[str]()
        self._over, self._cycles = threading.Event(), 0
        self._answered, self._captured = Collection(), 0
        self._thread = threading.Thread(target=self._work, daemon=True)

    def prepare(self) -> None:
        """Make the training data, and train once without a kill."""
        self._role = self._victim.role()
        jobs.fill(self._victim)
        self._victim.ask("sagemaker", "create_training_job", **jobs.training("whole", self._role))
        self._whole = self._parameters(self._ended("whole"))
        packaging.package(self._environment.root / "lambdas", self._environment.build / "lambdas")

    def begin(self, rounds: int) -> None:
        """Start the steps."""
        self._thread.start()

    def doing(self) -> str:
        """The step."""
        return self._doing

    def problems(self) -> list[str]:
        """What the steps have found since the last kill."""
        said, self._wrong[:] = list(self._wrong), []
        return said

    def finish(self) -> list[str]:
        """Let the steps come to their end."""
        self._over.set()
        self._thread.join()
        return self.problems()

    def done(self) -> dict[str, int]:
        """How often the steps came to their end, and what was captured."""
        return {"cycles": self._cycles, "captured answers": self._captured}

    # The steps

    def _work(self) -> None:
        while not self._over.is_set():
            try:
                self._cycle(self._cycles)
                self._cycles += 1
            except Exception as error:  # noqa: BLE001 - the soak counts every error
                self._wrong.append(f"{self._doing}: {type(error).__name__}: {error}")
                return

    def _cycle(self, number: int) -> None:
        self._step("terraform apply of the foundation", lambda: self._applied("bootstrap", "foundation"))
        self._step("training", lambda: self._train(f"killed-{number}"))
        self._pin(f"killed-{number}", 1)
        self._step("terraform apply of the service", lambda: self._applied("service"))
        over = threading.Event()
        asking = threading.Thread(target=self._ask, args=(over,), daemon=True)
        asking.start()
        self._step("an endpoint that answers", lambda: over.wait(10))
        self._pin("whole", 2)
        self._step("an update of the endpoint", lambda: self._applied("service"))
        self._step("tuning", lambda: self._tune(f"tuning-{number}"))
        over.set()
        asking.join()
        self._doing = "captures"
        self._check_captures()
        self._step("terraform plan", self._plan)
        self._step("terraform destroy", lambda: destroy_all(self._environment, stack=self._stack))
        self._doing = "nothing"
        if left := left_behind(self._environment):
            self._wrong.append(f"destroy has left {', '.join(left)}")

    def _step(self, doing: str, work: Callable[[], Any]) -> None:
        """Do a step until no kill breaks it."""
        self._doing = doing
        give_up = time.monotonic() + LONGEST
        while True:
            self._victim.wait()
            before = len(self._victim.kills)
            try:
                work()
                return
            except BROKEN as error:
                if len(self._victim.kills) == before:
                    self._wrong.append(f"{doing} failed without a kill: {error}")
                if time.monotonic() > give_up:
                    raise SconesError(f"{doing} did not come to its end in {LONGEST:.0f} s") from error
                self._victim.wait()
                self._unlock()

    def _stack(self, environment: Environment, name: str) -> Stack:
        self._logs.mkdir(exist_ok=True)
        return Stack(environment, name, log=self._logs / f"terraform-{name}.log")

    def _applied(self, *names: str) -> None:
        for name in names:
            self._stack(self._environment, name).apply()

    def _plan(self) -> None:
        for name in STACKS:
            if self._stack(self._environment, name).plan():
                self._wrong.append(f"the plan of {name} has changes, see {self._logs}")

    def _unlock(self) -> None:
        """As ``terraform force-unlock``: a Terraform that could not reach the cloud could not unlock the state."""
        try:
            bucket = self._stack(self._environment, "bootstrap").backend.bucket
            for name in STACKS:
                self._victim.ask("s3", "delete_object", Bucket=bucket, Key=f"{name}.tfstate.tflock")
        except BROKEN:
            return  # there is no bucket yet, or the next kill has come: the next attempt shows it

    # Training

    def _ended(self, name: str) -> dict[str, Any]:
        def look() -> Any:
            found = self._victim.sure("sagemaker", "describe_training_job", TrainingJobName=name)
            return found if found["TrainingJobStatus"] not in ("InProgress", "Stopping") else None

        found: dict[str, Any] = until(look, seconds=LONGEST, what=f"the training job {name} ends")
        return found

    def _train(self, name: str) -> None:
        request = jobs.training(name, self._role)
        self._victim.made("sagemaker", "create_training_job", "ResourceInUse", **request)
        job = self._ended(name)
        if job["TrainingJobStatus"] != "Completed":
            self._wrong.append(f"the training job is {job['TrainingJobStatus']}: {job.get('FailureReason')}")
        elif self._parameters(job) != self._whole:
            self._wrong.append("the training job has other parameters than the one without a kill")

    def _artifact(self, job: dict[str, Any]) -> bytes:
        bucket, _, key = job["ModelArtifacts"]["S3ModelArtifacts"].removeprefix("s3://").partition("/")
        content: bytes = self._victim.sure("s3", "get_object", Bucket=bucket, Key=key)["Body"].read()
        return content

    def _parameters(self, job: dict[str, Any]) -> bytes:
        with tarfile.open(fileobj=io.BytesIO(self._artifact(job))) as archive:
            member = next(one for one in archive if one.name.endswith(".params"))
            found = archive.extractfile(member)
            assert found is not None, "it is a file"
            return found.read()

    def _tune(self, name: str) -> None:
        self._victim.made(
            "sagemaker", "create_hyper_parameter_tuning_job", "ResourceInUse", **jobs.tuning(name, self._role)
        )

        def look() -> Any:
            found = self._victim.sure(
                "sagemaker", "describe_hyper_parameter_tuning_job", HyperParameterTuningJobName=name
            )
            return found if found["HyperParameterTuningJobStatus"] not in ("InProgress", "Stopping") else None

        job = until(look, seconds=LONGEST, what=f"the tuning job {name} ends")
        counted = job["TrainingJobStatusCounters"]
        if job["HyperParameterTuningJobStatus"] != "Completed" or counted["Completed"] != jobs.TRIALS:
            self._wrong.append(f"the tuning job is {job['HyperParameterTuningJobStatus']}, and its trials {counted}")

    def _pin(self, name: str, version: int) -> None:
        """Pin a job's model. The path of its artifact is the version's own."""
        bucket, content = self._foundation()["bucket"], self._artifact(self._ended(name))
        key = f"models/kills/{version}/model.tar.gz"
        self._victim.sure("s3", "put_object", Bucket=bucket, Key=key, Body=content)
        write_pin(self._environment.pin_path, jobs.pinned(f"s3://{bucket}/{key}", content, version, self._environment))

    def _foundation(self) -> dict[str, Any]:
        while True:
            try:
                self._victim.wait()
                return dict(self._stack(self._environment, "foundation").outputs())
            except BROKEN:
                time.sleep(0.2)

    # The endpoint

    def _ask(self, over: threading.Event) -> None:
        name = f"scones-{self._environment.name}"
        while not over.wait(0.05):
            named = str(uuid.uuid4())
            self._answered.asked([named])
            try:
                self._victim.ask(
                    "sagemaker-runtime", "invoke_endpoint",
                    EndpointName=name, ContentType="application/x-image", Body=jobs.picture(0, 7), InferenceId=named,
                )  # fmt: skip
            except NoAnswer:
                continue
            except ClientError as error:
                self._wrong.append(f"the endpoint refused: {error}")
                over.wait(1)
            else:
                self._answered.acknowledged([named])

    def _check_captures(self) -> None:
        seen: list[str] = []

        def there() -> bool:
            seen[:] = self._captures()
            return len(seen) >= len(self._answered)

        try:
            until(there, seconds=60, what=f"{len(self._answered)} answers are captured")
        except SconesError:
            self._wrong.append(f"of {len(self._answered)} answers, {len(seen)} are captured")
        if problem := self._answered.problem(seen):
            self._wrong.append(f"captured answers: {problem}")
        self._captured += len(seen)
        self._answered = Collection()

    def _captures(self) -> list[str]:
        bucket = self._foundation()["bucket"]
        pages = self._victim.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="captures/")
        found = []
        for one in [one for page in pages for one in page.get("Contents", [])]:
            content = self._victim.sure("s3", "get_object", Bucket=bucket, Key=one["Key"])["Body"].read()
            found += [json.loads(line)["eventMetadata"]["inferenceId"] for line in content.splitlines()]
        return found
