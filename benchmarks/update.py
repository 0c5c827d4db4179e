"""Measures updates under load: whether an endpoint answers every request while it is updated, and with which model.

Example (not run: it starts a local cloud and needs Terraform)::

    with tempfile.TemporaryDirectory() as folder:
        run = measure(Path(folder))
    run.phases[0].failed              # 0: no request failed while an update to a broken model was rolled back

The benchmark starts a local cloud and applies this project's Terraform module ``endpoint``. Clients send one request
after the other, without retries, so that every error is counted. Meanwhile Terraform applies three artifacts: one that
cannot be loaded, then the first one again, then a second model. The probabilities show which model answered: the models
are untrained networks with different seeds.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.serve import noise
from imageclassification import files
from localcloud import control
from scones import settings
from scones.errors import SconesError
from scones.terraform import mirror
from scones.terraform.binary import locate

IMAGE = "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1"
SHAPE = (3, 20, 20)
BUCKET, ENDPOINT = "scones-update-under-load", "scones-update"
BAKE_SECONDS = 1  # long enough for requests to reach the canary

STACK = """
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

provider "aws" {
  max_retries = 5
}

variable "artifact_uri" {
  type = string
}

variable "artifact_sha256" {
  type = string
}

module "endpoint" {
  source = "%(module)s"

  name            = "%(endpoint)s"
  image_uri       = "%(image)s"
  artifact_uri    = var.artifact_uri
  artifact_sha256 = var.artifact_sha256
  capture_uri     = "s3://%(bucket)s/captures"
  instance_count  = 2
  deployment      = { routing = "CANARY", step_percent = 50, wait_seconds = %(bake)d, termination_wait_seconds = 0 }
  autoscaling     = { max = 4, requests_per_minute = 100000 }
}
"""


@dataclass(frozen=True)
class Phase:
    """One ``terraform apply`` and the requests during it.

    Attributes:
        name: The applied artifact.
        outcome: ``applied``, or Terraform's error.
        reason: The endpoint's FailureReason; empty if there is none.
        seconds: The run time of the apply.
        requests: The number of requests during the apply and shortly after it.
        failed: The number of requests that were not answered.
        answered: The number of answers by each model.
        runs: The model that gave the last answer.
        changes_after: Whether a plan right after the apply has changes; None if the apply failed.
        kept: Whether the endpoint's configuration and its models still exist.
    """

    name: str
    outcome: str
    reason: str
    seconds: float
    requests: int
    failed: int
    answered: dict[str, int]
    runs: str
    changes_after: bool | None
    kept: bool


@dataclass(frozen=True)
class Run:
    """The whole benchmark.

    Attributes:
        clients: The number of clients at once.
        errors: The first errors of the clients.
    """

    clients: int
    phases: tuple[Phase, ...]
    errors: tuple[str, ...] = field(default=())

    @property
    def requests(self) -> int:
        """The number of requests in all phases."""
        return sum(phase.requests for phase in self.phases)

    @property
    def failed(self) -> int:
        """The number of requests in all phases that were not answered."""
        return sum(phase.failed for phase in self.phases)


def measure(
    folder: Path, *, clients: int = 2, pause: float = 0.0, on_phase: Callable[[str], None] = lambda name: None
) -> Run:
    """Updates an endpoint in three ways while clients send requests.

    Args:
        folder: The folder for the cloud, Terraform's files and the models.
        clients: The number of clients at once.
        pause: Seconds that each client waits after an answer.
        on_phase: Called with the name of the next phase.

    Raises:
        SconesError: If the local cloud or the first apply failed.
    """
    on_phase("starting a local cloud")
    cloud = control.up(folder / "cloud", port=0, tethered=True)
    try:
        terraform = _Terraform(folder / "stack", cloud)
        s3 = terraform.client("s3")
        s3.create_bucket(Bucket=BUCKET)
        models = {name: _model(folder / name, seed) for name, seed in (("model 1", 1), ("model 2", 2))}
        models["no model"] = b"this is no archive"
        addresses = {name: _put(s3, name, content) for name, content in models.items()}
        on_phase("applying model 1")
        if problem := terraform.apply(*addresses["model 1"]):
            raise SconesError(f"the endpoint could not be made: {problem}")
        known = {name: _answer(folder / name) for name in ("model 1", "model 2")}
        load = _Load(terraform, known, clients, pause)
        phases = []
        with load.running():
            for title, name in (
                ("an artifact that cannot load", "no model"),
                ("model 1 again", "model 1"),
                ("model 2", "model 2"),
            ):
                on_phase(f"applying {title}")
                phases.append(_phase(terraform, load, title, *addresses[name]))
    finally:
        control.down(folder / "cloud")
    return Run(clients, tuple(phases), tuple(load.errors[:5]))


def _phase(terraform: _Terraform, load: _Load, title: str, uri: str, sha256: str) -> Phase:
    before, begun = load.counts(), time.monotonic()
    problem = terraform.apply(uri, sha256)
    took = time.monotonic() - begun
    # A few more requests show which model the endpoint serves now.
    load.wait(20)
    after = load.counts()
    sent = after - before
    sagemaker = terraform.client("sagemaker")
    # The provider gives up at RollingBack, before SageMaker has finished.
    sagemaker.get_waiter("endpoint_in_service").wait(
        EndpointName=ENDPOINT, WaiterConfig={"Delay": 1, "MaxAttempts": 120}
    )
    endpoint = sagemaker.describe_endpoint(EndpointName=ENDPOINT)
    return Phase(
        name=title,
        outcome=problem or "applied",
        reason=endpoint.get("FailureReason", ""),
        seconds=round(took, 1),
        requests=sum(sent.values()),
        failed=sent["failed"],
        answered={name: count for name, count in sorted(sent.items()) if name != "failed"},
        runs=load.last,
        changes_after=None if problem else terraform.changes(uri, sha256),
        kept=_there(sagemaker, endpoint["EndpointConfigName"]),
    )


def _there(sagemaker: Any, configuration: str) -> bool:
    """Whether an endpoint configuration and its models exist."""
    try:
        found = sagemaker.describe_endpoint_config(EndpointConfigName=configuration)
        for variant in found["ProductionVariants"]:
            sagemaker.describe_model(ModelName=variant["ModelName"])
    except sagemaker.exceptions.ClientError:
        return False
    return True


class _Terraform:
    """A root module with the module ``endpoint``, applied to a local cloud."""

    def __init__(self, folder: Path, cloud: control.Cloud) -> None:
        folder.mkdir(parents=True)
        module = os.path.relpath(settings.ROOT / "terraform" / "modules" / "endpoint", folder.resolve())
        text = STACK % {
            "module": module,
            "endpoint": ENDPOINT,
            "image": IMAGE,
            "bucket": BUCKET,
            "bake": BAKE_SECONDS,
        }
        (folder / "main.tf").write_text(text)
        build = settings.ROOT / "build"
        binary = locate(build)
        self._line = [str(binary.path), f"-chdir={folder}"]
        self._cloud = cloud
        self._variables = {
            **{name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ},
            "TF_CLI_CONFIG_FILE": str(mirror.configure(build, binary)),
            "CHECKPOINT_DISABLE": "1",
            "AWS_ENDPOINT_URL": cloud.endpoint,
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": cloud.access_key_id,
            "AWS_SECRET_ACCESS_KEY": cloud.secret_access_key,
        }
        code, words = self.run("init")
        if code:
            raise SconesError(f"terraform init failed: {words}")

    def run(self, command: str, *arguments: str) -> tuple[int, str]:
        """Runs a Terraform command. Returns its exit code and its output."""
        line = [*self._line, command, "-no-color", "-input=false", *arguments]
        ended = subprocess.run(line, env=self._variables, capture_output=True, text=True)
        return ended.returncode, ended.stdout + ended.stderr

    def given(self, uri: str, sha256: str) -> list[str]:
        """The options with the root module's variables."""
        return [f"-var=artifact_uri={uri}", f"-var=artifact_sha256={sha256}"]

    def apply(self, uri: str, sha256: str) -> str | None:
        """Applies an artifact. Returns Terraform's error, or None if there was none."""
        code, words = self.run("apply", "-auto-approve", *self.given(uri, sha256))
        if not code:
            return None
        lines = [line.lstrip("│ ").strip() for line in words.splitlines()]
        return next((line.removeprefix("Error: ") for line in lines if line.startswith("Error: ")), words[-400:])

    def changes(self, uri: str, sha256: str) -> bool:
        """Whether a plan has changes."""
        return self.run("plan", "-detailed-exitcode", *self.given(uri, sha256))[0] != 0

    def client(self, service: str) -> Any:
        """A client of boto3 without retries."""
        import boto3
        from botocore.config import Config

        return boto3.client(
            service,
            endpoint_url=self._cloud.endpoint,
            region_name="us-east-1",
            aws_access_key_id=self._cloud.access_key_id,
            aws_secret_access_key=self._cloud.secret_access_key,
            config=Config(retries={"total_max_attempts": 1}),
        )


class _Load:
    """Clients that send the same image again and again, and count which model answered."""

    def __init__(self, terraform: _Terraform, known: dict[str, list[float]], clients: int, pause: float) -> None:
        self.errors: list[str] = []
        self.last = ""
        self._known = known
        self._pause = pause
        self._clients = [terraform.client("sagemaker-runtime") for _ in range(clients)]
        self._image = noise(SHAPE[1])
        self._counts: Counter[str] = Counter()
        self._changed = threading.Condition()
        self._over = threading.Event()

    def counts(self) -> Counter[str]:
        """The number of answers by each model, and of failed requests."""
        with self._changed:
            return Counter(self._counts)

    def wait(self, requests: int) -> None:
        """Waits for this many more requests, for at most 60 seconds."""
        with self._changed:
            until = self._counts.total() + requests
            self._changed.wait_for(lambda: self._counts.total() >= until, timeout=60)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Sends requests until the block ends."""
        threads = [threading.Thread(target=self._ask, args=(client,), daemon=True) for client in self._clients]
        for thread in threads:
            thread.start()
        try:
            self.wait(len(threads))
            yield
        finally:
            self._over.set()
            for thread in threads:
                thread.join()

    def _ask(self, client: Any) -> None:
        while not self._over.is_set():
            try:
                answer = client.invoke_endpoint(EndpointName=ENDPOINT, ContentType="image/png", Body=self._image)
                found = _nearest(json.loads(answer["Body"].read()), self._known)
                self.last = found
            except Exception as error:  # noqa: BLE001 - the benchmark counts every error
                self.errors.append(f"{type(error).__name__}: {error}")
                found = "failed"
            with self._changed:
                self._counts[found] += 1
                self._changed.notify_all()
            self._over.wait(self._pause)


def _nearest(answer: Sequence[float], known: dict[str, list[float]]) -> str:
    return min(known, key=lambda name: sum(abs(one - other) for one, other in zip(answer, known[name], strict=True)))


def _model(folder: Path, seed: int) -> bytes:
    from imageclassification import artifact, symbol
    from imageclassification.network import Network

    graph = symbol.resnet(20, 2, SHAPE)
    parameters = Network.fresh(graph, SHAPE, seed=seed).parameter_arrays()
    shapes = [{"shape": [1, *SHAPE], "name": "data"}]
    folder.mkdir(parents=True)
    return artifact.write(folder / "model.tar.gz", artifact.Artifact(graph, parameters, shapes, 1)).read_bytes()


def _answer(folder: Path) -> list[float]:
    from imageclassification.predictor import Predictor

    (row,) = Predictor.load(folder / "model.tar.gz").probabilities([noise(SHAPE[1])])
    return row.tolist()


def _put(s3: Any, name: str, content: bytes) -> tuple[str, str]:
    key = f"models/{name.replace(' ', '-')}/model.tar.gz"
    s3.put_object(Bucket=BUCKET, Key=key, Body=content)
    return f"s3://{BUCKET}/{key}", hashlib.sha256(content).hexdigest()


def save(path: Path, run: Run) -> Path:
    """Writes the run as JSON. Returns the path."""
    return files.write(
        path, json.dumps({**asdict(run), "requests": run.requests, "failed": run.failed}, indent=1) + "\n"
    )


def table(run: Run) -> Any:
    """The table of the run: a row for each apply, and the totals."""
    from rich.table import Table
    from rich.text import Text

    shown = Table(
        title=f"An endpoint under load while it is updated, {run.clients} clients",
        title_justify="left",
        caption=f"{run.requests:,} requests sent, {run.failed:,} failed",
        caption_justify="left",
    )
    shown.add_column("terraform apply of", overflow="fold")
    shown.add_column("outcome", overflow="fold")
    for name in ("seconds", "requests", "failed"):
        shown.add_column(name, justify="right", no_wrap=True)
    shown.add_column("answered by")
    shown.add_column("plan after")
    for phase in run.phases:
        answered = "\n".join(f"{name}: {count:,}" for name, count in phase.answered.items())
        after = {None: "", True: "changes", False: "empty"}[phase.changes_after]
        shown.add_row(
            phase.name,
            Text(phase.outcome),
            f"{phase.seconds:.1f}",
            f"{phase.requests:,}",
            Text(f"{phase.failed:,}", "bold red" if phase.failed else "green"),
            answered,
            after,
        )
    return shown
