"""The registry of the services: their permission tables, resource policies and implied accesses.

Each service registers its own when it is installed::

    registry.permissions({"sqs": TABLE})              # the permissions that each operation needs
    registry.policies("sqs", policy_of)               # a function that finds a queue's policy
    registry.implied("sqs:SendMessage", implied)      # a function that adds the permissions on a queue's key
    registry.tags("sqs", tags_of)                     # a function that finds a queue's tags
    registry.keys("s3", about)                        # a function that finds condition keys of what exists
    registry.refusing("kms", refused)                 # a function that refuses what is of another account or region
    registry.unjudged("ec2:*", {"ec2:tenancy"})       # keys that requests have on AWS, and that nobody knows here

An operation that no table lists is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from localcloud.iam.evaluation import Access, Context, Request
from localcloud.iam.needs import Asked, Need, Table, simple
from localcloud.iam.policies import Statement

Statements = tuple[Statement, ...]
#: Takes an account, a region and an ARN. Returns the statements of the resource's own policy; None if it has none.
FindPolicy = Callable[[str, str, str], Statements | None]
#: Takes an access and its request. Returns the further accesses that it needs. The request is None if a service acts
#: without one.
FindImplied = Callable[[Access, Asked | None], list[Access]]
#: Takes an account, a region and an ARN. Returns the resource's tags; none if it has none, or does not exist.
FindTags = Callable[[str, str, str], Mapping[str, str]]
#: Takes a request. Returns the condition keys of the resources as they are, with their values.
FindKeys = Callable[[Request], Context]
#: Takes a request that the policies allow. Returns the code and the message with which its service refuses it; None if
#: the service carries it out.
FindRefusal = Callable[[Asked], tuple[str, str] | None]


@dataclass
class Registry:
    """The services' permission tables, their resources' policies, and the accesses that others imply."""

    _tables: dict[str, dict[str, tuple[Need, ...]]] = field(default_factory=dict)
    _policies: dict[str, FindPolicy] = field(default_factory=dict)
    _implied: dict[str, FindImplied] = field(default_factory=dict)
    _tags: dict[str, FindTags] = field(default_factory=dict)
    _keys: dict[str, FindKeys] = field(default_factory=dict)
    _unjudged: dict[str, frozenset[str]] = field(default_factory=dict)
    _refusals: dict[str, FindRefusal] = field(default_factory=dict)

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
        try:
            return find(account, region, arn) if find else None
        except KeyError:  # AWS has no such region
            return None

    def implied(self, action: str, find: FindImplied) -> None:
        """Add a function that finds the further accesses of an action, such as the use of a KMS key."""
        self._implied[action] = find

    def implied_by(self, access: Access, asked: Asked | None = None) -> list[Access]:
        """The further accesses that an access needs."""
        find = self._implied.get(access.action)
        return find(access, asked) if find else []

    def tags(self, service: str, find: FindTags) -> None:
        """Add a function that finds the tags of a service's resources, for ``aws:ResourceTag/KEY``.

        Args:
            service: The service in their ARNs, ``sqs``.
            find: Takes a resource's account, region and ARN.
        """
        self._tags[service] = find

    def tags_of(self, arn: str) -> Mapping[str, str]:
        """A resource's tags; none if it has none, or does not exist."""
        parts = arn.split(":", 5)
        find = self._tags.get(parts[2]) if len(parts) == 6 and "*" not in arn else None
        try:
            return find(parts[4], parts[3], arn) if find else {}
        except KeyError:  # AWS has no such region
            return {}

    def keys(self, service: str, find: FindKeys) -> None:
        """Add a function that finds what a service's condition keys ask about its resources.

        Args:
            service: The service in the actions' names, ``s3``.
            find: Takes a request. It is called only if a policy uses a key that the request lacks.
        """
        self._keys[service] = find

    def unjudged(self, action: str, keys: Iterable[str]) -> None:
        """Add condition keys that an action's requests have on AWS, and whose values the local cloud does not know.

        Args:
            action: ``lambda:RemovePermission``, or ``ec2:*`` for all of a service.
            keys: The keys in lower case. ``ec2:attribute/`` stands for all that begin so.
        """
        self._unjudged[action] = frozenset(keys)

    def unjudged_of(self, action: str) -> frozenset[str]:
        """The keys of an action's requests whose values are not known."""
        every = self._unjudged.get(f"{action.partition(':')[0]}:*", frozenset())
        return every | self._unjudged.get(action, frozenset())

    def keys_of(self, request: Request) -> Context:
        """The condition keys of a request's resources."""
        find = self._keys.get(request.action.partition(":")[0])
        return find(request) if find else {}

    def refusing(self, service: str, find: FindRefusal) -> None:
        """Add a function that refuses requests before their operation, such as those for another account's resources.

        Args:
            service: The service's simple name (:func:`~localcloud.iam.needs.simple`).
            find: Takes a request that keeps the constraints of the API's model.
        """
        self._refusals[service] = find

    def refused(self, service: str, asked: Callable[[], Asked]) -> tuple[str, str] | None:
        """The error code and the message for a request that its service refuses; None if it does not.

        Args:
            asked: Reads the request. Few services refuse any.
        """
        find = self._refusals.get(simple(service))
        return find(asked()) if find else None
