"""What IAM has refused, from a local cloud's log, and the statement that was missing.

Example::

    >>> lines = [
    ...     "refused (AccessDenied): User: arn:aws:sts::123456789012:assumed-role/scones-local-serialize/f is not "
    ...     "authorized to perform: s3:GetObject on resource: arn:aws:s3:::b/a.png because no identity-based policy "
    ...     "allows the s3:GetObject action",
    ...     "2026-11-30T10:00:00.000+00:00 403 s3 GET /b/a.png 3 ms",
    ... ]
    >>> log = IamRefusals()
    >>> log.take(lines)
    >>> found, = log.newest()
    >>> found["who"], found["action"], found["statement"]["Resource"]
    ('role scones-local-serialize', 's3:GetObject', 'arn:aws:s3:::b/a.png')

The cloud writes a line for each refusal, with AWS's own message, and then a line with the time for the request.

Source of the message: IAM User Guide, "Troubleshoot access denied error messages".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

DENIED = re.compile(
    r"^refused \((?P<code>\w+)\): .*?User: (?P<user>\S+) is not authorized to perform: (?P<action>[\w-]+:\w+)"
    r"(?: on resource: (?P<resource>\S+))? (?P<reason>(?:because|with an) .*)$"
)
TIME = re.compile(r"^(\d{4}-\d\d-\d\dT[\d:.]+\+00:00) \d{3} ")
MOST = 100  # different refusals
WHOLE = 4 << 20  # bytes of a log's end that are read
#: Where the statement is missing, by the kind of policy that AWS's message names.
PLACES = {
    "identity-based policy": "in a policy of {who}",
    "permissions boundary": "in the permissions boundary of {who}",
    "session policy": "in the session policy that {who} was assumed with",
    "resource-based policy": "in the policy of the resource itself, for {who}",
}


@dataclass
class IamRefusals:
    """The refusals of a log, those of the same kind together.

    Attributes:
        found: By principal, action and resource.
    """

    found: dict[tuple[str, str, str], dict[str, Any]] = field(default_factory=dict)
    _untimed: list[dict[str, Any]] = field(default_factory=list)

    def take(self, lines: Iterable[str]) -> None:
        """Take lines of the log up, the oldest first."""
        for line in lines:
            if match := DENIED.match(line):
                self._untimed.append(self._counted(match))
            elif self._untimed and (match := TIME.match(line)):
                for one in self._untimed:
                    one["at"] = match[1]
                self._untimed.clear()

    def _counted(self, match: re.Match[str]) -> dict[str, Any]:
        who, resource = principal(match["user"]), match["resource"] or "*"
        key = (who, match["action"], resource)
        known = self.found.pop(key, None) or refusal(who, match["action"], resource, match["reason"])
        known["count"] += 1
        self.found[key] = known  # the newest is the last
        while len(self.found) > MOST:
            self.found.pop(next(iter(self.found)))
        return known

    def newest(self) -> list[dict[str, Any]]:
        """The refusals, the newest first."""
        return list(self.found.values())[::-1]


def refusal(who: str, action: str, resource: str, reason: str) -> dict[str, Any]:
    """What is said of a refusal.

    Returns:
        ``who``, ``action``, ``resource``, ``reason``; ``statement``, the one that is missing; ``place``, where it
        belongs. An explicit Deny has none: no statement can allow what one denies.
    """
    kind = next((name for name in PLACES if f"no {name} allows" in reason), None)
    return {
        "who": who,
        "action": action,
        "resource": resource,
        "reason": reason,
        "statement": statement(action, resource) if kind else None,
        "place": PLACES[kind].format(who=who) if kind else "a statement denies it: change or remove that one",
        "count": 0,
        "at": None,
    }


def statement(action: str, resource: str) -> dict[str, str]:
    """The statement that allows an action, for an IAM policy.

    Example::

        >>> statement("s3:GetObject", "arn:aws:s3:::b/a.png")["Sid"]
        'S3GetObject'
    """
    service, _, name = action.partition(":")
    sid = "".join(part[:1].upper() + part[1:] for part in re.split(r"[^A-Za-z0-9]+", f"{service} {name}"))
    return {"Sid": sid, "Effect": "Allow", "Action": action, "Resource": resource}


def principal(arn: str) -> str:
    """Who a principal is, for people.

    Example::

        >>> principal("arn:aws:sts::123456789012:assumed-role/scones-local-hosting/session")
        'role scones-local-hosting'
        >>> principal("arn:aws:iam::123456789012:user/ann"), principal("lambda.amazonaws.com")
        ('user ann', 'lambda.amazonaws.com')
    """
    kind, _, rest = arn.rpartition(":")[2].partition("/")
    if kind == "assumed-role":
        return f"role {rest.partition('/')[0]}"
    return f"{kind} {rest.rpartition('/')[2]}" if rest else arn


@dataclass
class Tail:
    """The end of a growing log. Each line is read once.

    Attributes:
        path: The log. It may be exchanged for a new one while it is read.
    """

    path: Path
    _position: int | None = None
    _file: int = 0

    def read(self) -> Iterator[str]:
        """The lines since the last call, at first those of the last 4 MB. There are none without a log."""
        try:
            with self.path.open("rb") as log:
                about = self.path.stat()
                if self._position is None or about.st_ino != self._file or about.st_size < self._position:
                    self._position = max(0, about.st_size - WHOLE) if self._position is None else 0
                    self._file = about.st_ino
                log.seek(self._position)
                content = log.read()
        except OSError:
            return
        whole, end, _ = content.rpartition(b"\n")  # the last line may not be written to its end
        self._position += len(whole) + len(end)
        yield from whole.decode(errors="replace").splitlines() if end else ()
