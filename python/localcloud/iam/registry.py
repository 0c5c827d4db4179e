"""The registry of the services: their permission tables, resource policies and implied accesses.

Each service registers its own when it is installed::

    registry.permissions({"sqs": TABLE})              # the permissions that each operation needs
    registry.policies("sqs", policy_of)               # a function that finds a queue's policy
    registry.implied("sqs:SendMessage", implied)      # a function that adds the permissions on a queue's key

An operation that no table lists is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from localcloud.iam.evaluation import Access
from localcloud.iam.needs import Asked, Need, Table, simple
from localcloud.iam.policies import Statement

Statements = tuple[Statement, ...]
#: Takes an account, a region and an ARN. Returns the statements of the resource's own policy; None if it has none.
FindPolicy = Callable[[str, str, str], Statements | None]
#: Takes an access and its request. Returns the further accesses that it needs. The request is None if a service acts
#: without one.
FindImplied = Callable[[Access, Asked | None], list[Access]]


@dataclass
class Registry:
    """The services' permission tables, their resources' policies, and the accesses that others imply."""

    _tables: dict[str, dict[str, tuple[Need, ...]]] = field(default_factory=dict)
    _policies: dict[str, FindPolicy] = field(default_factory=dict)
    _implied: dict[str, FindImplied] = field(default_factory=dict)

    @property
    def tables(self) -> Mapping[str, Table]:
        """The permissions of the operations, by service and operation."""
        return self._tables

    def permissions(self, tables: Mapping[str, Table]) -> None:
        """Add permission tables.

        Args:
            tables: By the service's simple name (:func:`~localcloud.iam.needs.simple`), then by botocore's names of
                operations.

        Raises:
            ValueError: The service has a table already, or the name is not simple.
        """
        for service, table in tables.items():
            if service != simple(service) or service in self._tables:
                raise ValueError(
                    f"{service} has a permission table already, or its name is not simple ({simple(service)})"
                )
            self._tables[service] = dict(table)

    def needs(self, service: str, operation: str) -> tuple[Need, ...] | None:
        """The permissions that an operation needs; None if no table has the operation."""
        return self._tables.get(simple(service), {}).get(operation)

    def policies(self, service: str, find: FindPolicy) -> None:
        """Add a function that finds the policies of a service's resources.

        Args:
            service: The service in their ARNs, ``sqs``.
            find: Takes a resource's account, region and ARN.
        """
        self._policies[service] = find

    def policy_of(self, arn: str) -> Statements | None:
        """The statements of a resource's own policy; None if it has none."""
        if arn.count(":") < 5:
            return None
        _, _, service, region, account, _ = arn.split(":", 5)
        find = self._policies.get(service)
        return find(account, region, arn) if find else None

    def implied(self, action: str, find: FindImplied) -> None:
        """Add a function that finds the further accesses of an action, such as the use of a KMS key."""
        self._implied[action] = find

    def implied_by(self, access: Access, asked: Asked | None = None) -> list[Access]:
        """The further accesses that an access needs."""
        find = self._implied.get(access.action)
        return find(access, asked) if find else []
