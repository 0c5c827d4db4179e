"""Who holds the lock of a stack's state, and whether that process is gone from this machine.

Example::

    >>> lock = StateLock("1-2-3", "ada@laptop", "Apply", "2026-01-02T03:04:05Z")
    >>> is_abandoned(lock, "service", me="ada@laptop", running=["/bin/bash"])
    True
    >>> is_abandoned(lock, "service", me="ada@laptop", running=["terraform -chdir=/project/stacks/service apply"])
    False
    >>> is_abandoned(lock, "service", me="bob@desktop", running=[])
    False

A killed Terraform leaves its lock, and the next one waits for minutes before it gives up. Terraform writes who holds a
lock, but no process. So a lock is abandoned if it was taken by this user on this machine, and no Terraform runs here
that may work on the stack.

Source: Terraform 1.11, internal/states/statemgr/locker.go (LockInfo), internal/backend/remote-state/s3 (``.tflock``).
"""

from __future__ import annotations

import getpass
import json
import shlex
import socket
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scones.terraform.state import Backend

PROGRAMS = ("terraform", "tofu")


@dataclass(frozen=True)
class StateLock:
    """The lock of a stack's state.

    Attributes:
        who: ``USER@HOST``.
        operation: ``Apply``, ``Plan`` or another one of Terraform.
        created: The time in ISO 8601.
    """

    id: str
    who: str
    operation: str
    created: str

    def __str__(self) -> str:
        return f"{self.who} since {self.created} ({self.operation})"


def find(backend: Backend, stack: str) -> StateLock | None:
    """The lock of a stack's state. None if nobody holds it, or it cannot be read; Terraform then says why."""
    try:
        found = json.loads(backend.s3.get_object(Bucket=backend.bucket, Key=f"{stack}.tfstate.tflock")["Body"].read())
        operation = str(found.get("Operation", "")).removeprefix("OperationType")
        return StateLock(str(found["ID"]), str(found.get("Who", "")), operation, str(found.get("Created", "")))
    except (backend.s3.exceptions.ClientError, ValueError, KeyError, AttributeError, TypeError):
        return None


def is_abandoned(lock: StateLock, stack: str, *, me: str, running: Sequence[str] | None) -> bool:
    """Whether the process that took a lock is gone.

    Args:
        stack: The stack's name, which is the name of its folder.
        me: This user on this machine, as Terraform writes it.
        running: The command lines of this machine's processes. None if they are not known.
    """
    return running is not None and lock.who == me and not any(_may_work_on(stack, line) for line in running)


def me() -> str:
    """This user on this machine, as Terraform writes it."""
    return f"{getpass.getuser()}@{socket.gethostname()}"


def running() -> list[str] | None:
    """The command lines of this machine's processes. None if they cannot be listed."""
    try:
        found = subprocess.run(["ps", "-axww", "-o", "command="], capture_output=True, text=True, check=False)
    except OSError:
        return None
    return found.stdout.splitlines() if found.returncode == 0 else None


def _may_work_on(stack: str, line: str) -> bool:
    """Whether a command line is Terraform's on a stack. One that names no folder may be on any."""
    try:
        words = shlex.split(line)
    except ValueError:
        words = line.split()
    if not words or Path(words[0]).name not in PROGRAMS:
        return False
    folders = [word.partition("=")[2] for word in words if word.startswith("-chdir=")]
    return not folders or Path(folders[0]).name == stack
