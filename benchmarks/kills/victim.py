"""The local cloud that is killed."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from localcloud import control
from localcloud.errors import LocalCloudError
from scones.errors import SconesError

T = TypeVar("T")
REGION, ACCOUNT = "us-east-1", "123456789012"
#: How often the cloud is killed while it starts, of all kills.
WHILE_IT_STARTS = 0.15
ROLE = "kills"
SERVICES = ["events", "lambda", "sagemaker", "states"]


class NoAnswer(SconesError):
    """A request had no answer: the cloud was killed. It may have been carried out or not."""


class Victim:
    """A local cloud that is killed and started again. Its address and its keys stay the same.

    Args:
        folder: The cloud's folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.running = control.up(folder, port=0, tethered=True)
        self.kills: list[float] = []
        self._up = threading.Event()
        self._up.set()
        self._lock = threading.Lock()
        self._clients: dict[str, Any] = {}

    def client(self, service: str) -> Any:
        """boto3's client of a service. It sends every request once."""
        with self._lock:
            if service not in self._clients:
                self._clients[service] = boto3.client(
                    service,
                    region_name=REGION,
                    endpoint_url=self.running.endpoint,
                    aws_access_key_id=self.running.access_key_id,
                    aws_secret_access_key=self.running.secret_access_key,
                    config=Config(
                        retries={"total_max_attempts": 1},
                        inject_host_prefix=False,
                        read_timeout=120,
                        max_pool_connections=50,
                    ),
                )
            return self._clients[service]

    def ask(self, service: str, operation: str, **given: Any) -> Any:
        """The answer to one request, which is sent when the cloud is up.

        Raises:
            NoAnswer: There was none.
            ClientError: The request was refused.
        """
        self._up.wait()
        try:
            return getattr(self.client(service), operation)(**given)
        except BotoCoreError as error:
            raise NoAnswer(f"{service} {operation}: {error}") from error

    def sure(self, service: str, operation: str, **given: Any) -> Any:
        """The answer to a request that may be repeated. It is sent until there is one."""
        while True:
            try:
                return self.ask(service, operation, **given)
            except NoAnswer:
                time.sleep(0.05)  # the connection broke before the kill was noticed

    def made(self, service: str, operation: str, *already: str, **given: Any) -> None:
        """Make something, however often that takes.

        Args:
            already: The errors that say that it is there.
        """
        try:
            self.sure(service, operation, **given)
        except ClientError as error:
            if error.response["Error"]["Code"] not in already:
                raise

    def kill(self, chance: random.Random) -> tuple[float, bool]:
        """Kill the cloud, and start it again.

        Returns:
            How long the start took in seconds, and whether it was killed once more while it started.
        """
        self._up.clear()
        self._end(self.running.pid)
        twice = chance.random() < WHILE_IT_STARTS
        if twice:
            self._kill_while_it_starts(chance.uniform(0.2, 2.5))
        begun = time.monotonic()
        self.running = control.up(self.folder, tethered=True)
        took = time.monotonic() - begun
        self._up.set()
        return took, twice

    def wait(self) -> None:
        """Wait until the cloud is up."""
        self._up.wait()

    def close(self) -> None:
        """End the cloud in order."""
        control.down(self.folder)

    def _kill_while_it_starts(self, after: float) -> None:
        def start() -> None:
            with contextlib.suppress(LocalCloudError, OSError, ValueError):
                control.up(self.folder, tethered=True)

        starting = threading.Thread(target=start)
        starting.start()
        time.sleep(after)
        if control.is_alive(self.folder):
            with contextlib.suppress(ValueError):
                self._end(int((self.folder / control.LOCK).read_text()))
        starting.join()

    def _end(self, pid: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        self.kills.append(time.time())
        while control.is_alive(self.folder):
            time.sleep(0.01)

    def role(self) -> str:
        """The ARN of a role that every service may assume, and that allows everything."""
        import json

        trust = {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"Service": [f"{name}.amazonaws.com" for name in SERVICES]},
        }
        anything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
        documents = [json.dumps({"Version": "2012-10-17", "Statement": [one]}) for one in (trust, anything)]
        self.made("iam", "create_role", "EntityAlreadyExists", RoleName=ROLE, AssumeRolePolicyDocument=documents[0])
        self.sure("iam", "put_role_policy", RoleName=ROLE, PolicyName="all", PolicyDocument=documents[1])
        return f"arn:aws:iam::{ACCOUNT}:role/{ROLE}"


def until(check: Callable[[], T], *, seconds: float, what: str) -> T:
    """Call ``check`` until its answer is true, and return the answer.

    Raises:
        SconesError: It was not true in so many seconds.
    """
    give_up = time.monotonic() + seconds
    while not (found := check()):
        if time.monotonic() > give_up:
            raise SconesError(f"{what}: not within {seconds:.0f} s")
        time.sleep(0.2)
    return found


@contextlib.contextmanager
def working(*loops: Callable[[], None]) -> Iterator[list[str]]:
    """Call each function again and again in a thread of its own, until the block ends.

    Returns:
        What went wrong in them, in words. It grows.
    """
    over, broken = threading.Event(), list[str]()

    def repeat(loop: Callable[[], None]) -> None:
        while not over.is_set():
            try:
                loop()
            except NoAnswer:
                continue
            except Exception as error:  # noqa: BLE001 - the soak counts every error
                broken.append(f"{type(error).__name__}: {error}")
                over.wait(0.5)

    threads = [threading.Thread(target=repeat, args=(loop,), daemon=True) for loop in loops]
    for thread in threads:
        thread.start()
    try:
        yield broken
    finally:
        over.set()
        for thread in threads:
            thread.join()
