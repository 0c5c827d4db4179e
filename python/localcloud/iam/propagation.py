"""What IAM's changes count for: they count some seconds after they were made.

Example::

    >>> now = [100.0]
    >>> spread = Propagation(8.0, read=lambda account: {"role/training": now[0]}, clock=lambda: now[0])
    >>> spread.begin(["123456789012"])              # what a cloud holds when it starts has counted for long
    >>> now[0] = 101.0
    >>> spread.changed("123456789012")
    >>> spread.view("123456789012"), spread.count()
    ({'role/training': 100.0}, 0)
    >>> now[0] = 109.0
    >>> spread.view("123456789012"), spread.count()
    ({'role/training': 101.0}, 1)

AWS: IAM User Guide, "Changes that I make are not always immediately visible". IAM itself answers at once: only what
decides about requests, and which roles services may assume, is late.
"""

from __future__ import annotations

import threading
import time
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from moto.iam.models import iam_backends

from localcloud.iam.gathering import Document, Identities, documents_of, path_of
from localcloud.iam.principals import role_id

Snapshot = Mapping[str, Any]
KINDS = ("user", "role", "group")


class Propagation:
    """Remembers what IAM held for as long as it counts.

    Args:
        seconds: How long after a change it counts.
        read: What IAM holds of an account now.
        clock: Seconds, from any beginning.
    """

    def __init__(
        self, seconds: float, read: Callable[[str], Snapshot], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._seconds, self._read, self._clock = seconds, read, clock
        self._known: dict[str, list[tuple[float, Snapshot]]] = defaultdict(list)
        self._past = 0
        self._lock = threading.Lock()

    def begin(self, accounts: Iterable[str] | None = None) -> None:
        """Let everything count that there is now. By default, of all accounts that moto's IAM knows."""
        known = accounts if accounts is not None else {account for account, _, _ in iam_backends.iter_backends()}
        with self._lock:
            for account in known:
                self._known[account] = [(float("-inf"), self._read(account))]

    def changed(self, account: str) -> None:
        """Note that an account's IAM has changed just now."""
        with self._lock:
            if not self._known[account]:  # an account that had nothing
                self._known[account].append((float("-inf"), {}))
            self._known[account].append((self._clock(), self._read(account)))

    def view(self, account: str) -> Snapshot:
        """What counts of an account's IAM."""
        with self._lock:
            self._forget(account)
            known = self._known[account]
            return known[0][1] if known else {}

    def count(self) -> int:
        """A number that grows whenever something else counts."""
        with self._lock:
            for account in list(self._known):
                self._forget(account)
            return self._past

    def _forget(self, account: str) -> None:
        """Forget what does not count any more. The first that is left counts."""
        known = self._known[account]
        counting = bisect_right(known, self._clock() - self._seconds, key=lambda one: one[0])
        self._past += max(0, counting - 1)
        del known[: max(0, counting - 1)]


@dataclass(frozen=True)
class _Held:
    """What decides about a user, role or group. The last three are a role's."""

    documents: tuple[tuple[Document, ...], Document | None] | None
    path: str = ""
    identifier: str = ""
    trust: str | None = None


def held(account: str) -> dict[str, _Held]:
    """What IAM holds of an account now, by ``role/NAME``."""
    iam, found = iam_backends[account]["aws"], {}
    for kind in KINDS:
        for one in list(getattr(iam, f"{kind}s").values()):
            of_role = (path_of(one), one.id, one.assume_role_policy_document) if kind == "role" else ()
            name = f"{kind}/{one.name}"
            found[name] = _Held(documents_of(account, f"arn:aws:iam::{account}:{name}"), *of_role)
    return found


class LateIdentities(Identities):
    """Users, roles and groups as they count by now."""

    def __init__(self, propagation: Propagation) -> None:
        self._propagation = propagation

    def documents_of(self, account: str, arn: str) -> tuple[tuple[Document, ...], Document | None] | None:
        kind, name = arn.rpartition(":")[2].partition("/")[0], arn.rpartition("/")[2]
        found = self._propagation.view(account).get(f"{kind}/{name}")
        return found.documents if found else None

    def trust_of(self, account: str, path: str) -> str | None:
        found = self._propagation.view(account).get(f"role/{path.rpartition('/')[2]}")
        return found.trust if found and found.path == path else None

    def role_id(self, role_arn: str) -> str | None:
        """A role's id. A role that is gone has none, nor has a new one that does not count yet."""
        now = role_id(role_arn)
        if now is None:
            return None
        found = self._propagation.view(role_arn.split(":")[4]).get(f"role/{role_arn.rpartition('/')[2]}")
        return now if found and found.identifier == now else None
