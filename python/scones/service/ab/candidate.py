"""The candidate: the version that is compared with the pinned one, and its share of the traffic.

Example (not run: it needs an AWS account)::

    start(environment, 4, share=10).model.version       # 4
    read(environment.candidate_path).share              # 10
    promote(environment)                                # pins version 4 and ends the comparison
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imageclassification import files
from scones import aws
from scones.errors import InputError, RegistryError
from scones.model.registry.pinned import PinnedModel, parse_pin, read_pin
from scones.model.registry.versions import Version, choose, pin

if TYPE_CHECKING:
    from scones.settings import Environment


@dataclass(frozen=True)
class Candidate:
    """A model that is compared with the pinned one.

    Attributes:
        share: Its share of the requests, in percent. A shadow gets copies of that share.
        shadow: True if its answers are captured and never returned.
        started: When the comparison began, ISO 8601 in UTC; empty if unknown. Earlier answers of the same variant came
            from another model. Terraform ignores this value.
    """

    model: PinnedModel
    share: int
    shadow: bool
    started: str = ""

    @property
    def variant(self) -> str:
        """The name of its production variant: ``Candidate`` or ``Shadow``."""
        return "Shadow" if self.shadow else "Candidate"


def read(path: Path) -> Candidate | None:
    """Read ``candidate.tfvars.json``. None if there is no such file.

    Raises:
        RegistryError: the file cannot be read.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))["candidate"]
        return Candidate(
            parse_pin(json.dumps(found)),
            int(found["share"]),
            bool(found.get("shadow", False)),
            str(found.get("started", "")),
        )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RegistryError(
            f"{path} does not hold a candidate: {error!r}",
            hint="delete the file, then start again: invoke ab.start VERSION",
        ) from None


def start(
    environment: Environment,
    version: int,
    *,
    share: int,
    shadow: bool = False,
    approve: bool = False,
    group: str | None = None,
    client: Callable[..., Any] = aws.client,
) -> Candidate:
    """Make a version the candidate. The current candidate's version with another share changes the share.

    Args:
        version: The version's number in the model package group.
        share: Its share of the requests, in percent: 1 to 99, or 1 to 100 for a shadow.
        shadow: Send it copies of requests, and never return its answers.
        approve: Approve the version first if it is pending approval.

    Raises:
        InputError: the share is out of range.
        RegistryError: no model is pinned, another comparison is running, or the version is the pinned one, does not
            exist, is not approved, or has other classes.
    """
    most = 100 if shadow else 99
    if not 1 <= share <= most:
        raise InputError(f"--share must be a whole number from 1 to {most}, in percent, not {share}")
    pinned = read_pin(environment.pin_path)
    now = read(environment.candidate_path)
    if now and now.model.version != version:
        raise RegistryError(
            f"version {now.model.version} is being compared in environment '{environment.name}' already",
            hint="end that first: invoke ab.promote, or invoke ab.stop",
        )
    if pinned.version == version:
        raise RegistryError(
            f"version {version} is the pinned one: there is nothing to compare it with",
            hint=f"invoke models --env {environment.name} shows the others",
        )
    chosen = choose(environment, version, approve=approve, group=group, client=client)
    model = chosen.model
    assert model is not None, "choose() refuses a version without one"
    if model.class_labels != pinned.class_labels:
        raise RegistryError(
            f"version {version} tells {', '.join(model.class_labels)} apart, the pinned version "
            f"{pinned.version} {', '.join(pinned.class_labels)}: one list of labels must fit both",
            hint="compare models of the same classes, in the same order",
        )
    started = now.started if now else datetime.now(UTC).isoformat(timespec="seconds")
    candidate = Candidate(model, share, shadow, started)
    files.write(
        environment.candidate_path,
        json.dumps({"candidate": asdict(candidate)}, indent=2, ensure_ascii=False) + "\n",
    )
    return candidate


def promote(environment: Environment, *, group: str | None = None, client: Callable[..., Any] = aws.client) -> Version:
    """Pin the candidate and end the comparison.

    Raises:
        RegistryError: there is no candidate, or it can no longer be pinned.
    """
    version = pin(environment, _required(environment).model.version, group=group, client=client)
    environment.candidate_path.unlink(missing_ok=True)
    return version


def stop(environment: Environment) -> Candidate:
    """End the comparison. The pinned model stays.

    Raises:
        RegistryError: there is no candidate.
    """
    candidate = _required(environment)
    environment.candidate_path.unlink(missing_ok=True)
    return candidate


def _required(environment: Environment) -> Candidate:
    candidate = read(environment.candidate_path)
    if candidate is None:
        raise RegistryError(
            f"nothing is compared in environment '{environment.name}': there is no {environment.candidate_path}",
            hint=f"begin with: invoke ab.start VERSION --share 10 --env {environment.name}",
        )
    return candidate
