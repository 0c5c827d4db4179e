"""The candidate: which version is compared with the pinned one, and with which share of the traffic.

Example::

    start(environment, 4, share=10).model.version       # 4
    read(environment.candidate_path).share              # 10
    promote(environment)                                # version 4 is pinned, and nothing compared any more
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
        model: What serving needs to know of it.
        share: Its share of the requests, in percent; of copies of them where it is a shadow.
        shadow: Whether nobody gets its answers.
        started: When the comparison began, ISO 8601 in UTC: what its variant answered before was another model's. Empty
            where the file does not say. Terraform passes over it.
    """

    model: PinnedModel
    share: int
    shadow: bool
    started: str = ""

    @property
    def variant(self) -> str:
        """The name of its variant behind the endpoint."""
        return "Shadow" if self.shadow else "Candidate"


def read(path: Path) -> Candidate | None:
    """Read ``candidate.tfvars.json``; None where nothing is compared.

    Raises:
        RegistryError: the file cannot be used.
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
            hint="delete the file, then begin anew: invoke ab.start VERSION",
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
    """Make a version the candidate; of the one that is the candidate already, the share can be changed so.

    Args:
        version: The version's number.
        share: Its share of the requests in percent: 1 to 99, for a shadow to 100.
        shadow: Send it copies only.
        approve: Approve it first, if it waits for that.

    Raises:
        InputError: the share is out of range.
        RegistryError: no model is pinned, another comparison is under way, or the version cannot be compared with the
            pinned one.
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
            f"{pinned.version} {', '.join(pinned.class_labels)}: their answers would be read by the same labels",
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
    """Pin the candidate, and compare nothing any more.

    Raises:
        RegistryError: there is no candidate, or it may not be pinned any more.
    """
    version = pin(environment, _required(environment).model.version, group=group, client=client)
    environment.candidate_path.unlink(missing_ok=True)
    return version


def stop(environment: Environment) -> Candidate:
    """Compare nothing any more; the pinned model stays.

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
