"""Fixtures for more than one folder of tests."""

from __future__ import annotations

import fcntl
import functools
import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadFileScheduling

from localcloud import control

# As in imageclassification.train. It must be set before PyTorch loads: threads that spin while they wait slow down
# everything else.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

# Terraform and its provider are written in Go. Garbage collection takes a fifth of each start, and frees memory that
# the process does not need, because it ends soon. So it runs less often.
os.environ.setdefault("GOGC", "400")

# Workers run in parallel, so each worker and its processes compute in one thread.
WORKER = "PYTEST_XDIST_WORKER" in os.environ
if WORKER:
    os.environ.setdefault("OMP_NUM_THREADS", "1")

# Hypothesis remembers failures. They belong in build/, as all generated files do.
os.environ.setdefault(
    "HYPOTHESIS_STORAGE_DIRECTORY", str(Path(__file__).resolve().parent.parent / "build/cache/hypothesis")
)

# Machines are shared. How long an example takes says nothing about what it tests.
settings.register_profile("shared", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared")

# The slowest files start first, so that all workers end at about the same time.
LONGEST_FIRST = (
    "e2e/test_workflow.py",
    "terraform/whole/",
    "local/sagemaker/",
    "terraform/",
    "checks/test_checkov.py",
    "oracle/",
    "compatibility/",
    "checks/",
    "local/",
    "asl/",
    "unit/imageclassification/",
)


def pytest_xdist_auto_num_workers() -> int:
    """One worker more than processors, because a worker sometimes waits, for S3's lifecycle rules a whole minute."""
    return min((os.cpu_count() or 1) + 1, 8)


class Files(LoadFileScheduling):
    """A worker takes a file at a time, or all files of a folder of TOGETHER: they share what takes long to make."""

    TOGETHER = ("tests/terraform/whole/",)

    def _split_scope(self, nodeid: str) -> str:
        return next((folder for folder in self.TOGETHER if nodeid.startswith(folder)), super()._split_scope(nodeid))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Files:
    return Files(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files of LONGEST_FIRST first. Each worker takes the next file."""
    if not WORKER:
        return
    tests = Path(__file__).parent

    def turn(item: pytest.Item) -> int:
        path = item.path.relative_to(tests).as_posix()
        return next((turn for turn, start in enumerate(LONGEST_FIRST) if path.startswith(start)), len(LONGEST_FIRST))

    items.sort(key=turn)


SERVICES = [f"{name}.amazonaws.com" for name in ("events", "lambda", "sagemaker", "scheduler", "states")]


class LocalCloud:
    """A running local cloud with its boto3 clients. Each client is made once."""

    def __init__(self, running: control.Cloud) -> None:
        self.use(running)

    def use(self, running: control.Cloud) -> None:
        """Speak to this cloud from now on, which may be the same one after a restart."""
        self.running = running
        self.endpoint = running.endpoint
        self.state = running.state
        self._clients: dict[str, Any] = {}

    def client(self, service: str) -> Any:
        import boto3
        from botocore.config import Config

        if service not in self._clients:
            self._clients[service] = boto3.client(
                service,
                endpoint_url=self.endpoint,
                region_name="us-east-1",
                aws_access_key_id=self.running.access_key_id,
                aws_secret_access_key=self.running.secret_access_key,
                config=Config(retries={"total_max_attempts": 1}, inject_host_prefix=False),
            )
        return self._clients[service]

    def role(self, name: str, *statements: Mapping[str, Any]) -> str:
        """The ARN of a role that every service may assume. It allows the given statements, by default everything."""
        import json

        trust = {"Effect": "Allow", "Principal": {"Service": SERVICES}, "Action": "sts:AssumeRole"}
        allowed = statements or ({"Effect": "Allow", "Action": "*", "Resource": "*"},)
        iam = self.client("iam")
        arn = iam.create_role(
            RoleName=name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        )["Role"]["Arn"]
        document = json.dumps({"Version": "2012-10-17", "Statement": allowed})
        iam.put_role_policy(RoleName=name, PolicyName="tests", PolicyDocument=document)
        return arn


@pytest.fixture(scope="session", autouse=True)
def services_read_once() -> Iterator[None]:
    """Parse botocore's descriptions of AWS's services once, not in each session: they are megabytes.

    List them once too. Each session would look through 400 folders.

    S3's description is left out, because S3's clients change it in place.
    """
    from botocore.loaders import JSONFileLoader, Loader

    read, listed = JSONFileLoader.load_file, Loader.list_available_services
    once = functools.cache(functools.partial(read, JSONFileLoader()))

    @functools.cache
    def services(places: tuple[str, ...], kind: str) -> list[str]:
        return listed(Loader(extra_search_paths=places, include_default_search_paths=False), kind)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(JSONFileLoader, "load_file", lambda own, path: read(own, path) if "/s3/" in path else once(path))
        patch.setattr(
            Loader, "list_available_services", lambda own, type_name: list(services(tuple(own.search_paths), type_name))
        )
        yield


@pytest.fixture(scope="session")
def provider_is_here(tmp_path_factory: pytest.TempPathFactory) -> None:
    """One worker downloads Terraform's provider. Two at once would damage the shared cache."""
    from scones import settings
    from scones.terraform import mirror
    from scones.terraform.binary import locate

    build = settings.ROOT / "build"
    (build / "terraform").mkdir(parents=True, exist_ok=True)
    with (build / "terraform" / "tests.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        binary = locate(build)
        configured = mirror.configure(build, binary)
        if "plugin_cache_dir" in configured.read_text():
            subprocess.run(
                [binary.path, f"-chdir={settings.ROOT}/terraform/modules/bucket", "init", "-backend=false", "-upgrade"],
                env={
                    **os.environ,
                    "TF_CLI_CONFIG_FILE": str(configured),
                    "TF_DATA_DIR": str(tmp_path_factory.mktemp("provider")),
                },
                check=True,
                timeout=900,
            )


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """A local cloud for this test run, on a free port. It ends with the run, also after a failure."""
    state: Path = tmp_path_factory.mktemp("cloud") / "local"
    running = control.up(state, port=0, tethered=True)
    yield LocalCloud(running)
    control.down(state)
