"""What the services tell the judge, so that it need not know them.

Each service hands over its own when it is installed::

    registry.permissions({"sqs": TABLE})                        # which permissions each operation needs
    registry.policies("sqs", policy_of)                         # which policy a queue has
    registry.implied("sqs:SendMessage", key_of)                 # what a queue's key needs beside that

The judge asks by operation, by ARN and by action. An operation that no service has
told of is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from localcloud.iam.evaluation import Access
from localcloud.iam.needs import Asked, Need, Table, simple
from localcloud.iam.policies import Statement

Statements = tuple[Statement, ...]
#: Gives the statements of a resource's own policy, by its account, region and ARN; None where it has none.
FindPolicy = Callable[[str, str, str], Statements | None]
#: Gives what an access needs beside itself; the request is None where a service acts by itself.
FindImplied = Callable[[Access, Asked | None], list[Access]]


@dataclass
class Registry:
    """The services' tables of permissions, the policies of their resources, and what accesses imply."""

    _tables: dict[str, dict[str, tuple[Need, ...]]] = field(default_factory=dict)
    _policies: dict[str, FindPolicy] = field(default_factory=dict)
    _implied: dict[str, FindImplied] = field(default_factory=dict)

    @property
    def tables(self) -> Mapping[str, Table]:
        """The permissions that operations need, by service and operation."""
        return self._tables

    def permissions(self, tables: Mapping[str, Table]) -> None:
        """Add tables of permissions.

        Args:
            tables: By the service's simple name (:func:`~localcloud.iam.needs.simple`); each by botocore's names of
                operations.

        Raises:
            ValueError: a service has handed over its table already.
        """
        for service, table in tables.items():
            if service != simple(service) or service in self._tables:
                raise ValueError(f"the table of {service} is there already, or its name is not simple")
            self._tables[service] = dict(table)

    def needs(self, service: str, operation: str) -> tuple[Need, ...] | None:
        """What an operation needs; None where no service has said."""
        return self._tables.get(simple(service), {}).get(operation)

    def policies(self, service: str, find: FindPolicy) -> None:
        """Add what finds the policies of resources.

        Args:
            service: The service of their ARNs, ``sqs``.
            find: Called with a resource's account, region and ARN.
        """
        self._policies[service] = find

    def policy_of(self, arn: str) -> Statements | None:
        """The statements of a resource's own policy; None where it has none, or is of a kind that never has."""
        if arn.count(":") < 5:
            return None
        _, _, service, region, account, _ = arn.split(":", 5)
        find = self._policies.get(service)
        return find(account, region, arn) if find else None

    def implied(self, action: str, find: FindImplied) -> None:
        """Add what finds what an action needs beside itself: the use of a key."""
        self._implied[action] = find

    def implied_by(self, access: Access, asked: Asked | None = None) -> list[Access]:
        """What an access needs beside itself."""
        find = self._implied.get(access.action)
        return find(access, asked) if find else []
