"""Checks what a service does in a role's name, as if the role had sent each call.

Example::

    >>> from pathlib import Path
    >>> from localcloud.iam.record import Record
    >>> from localcloud.services import registered
    >>> roles = Roles(Record(Path("build/local")), registered())
    >>> role = Acting(roles, "arn:aws:iam::123456789012:role/none", account="123456789012", region="us-east-1")
    >>> role.may("logs", "CreateLogGroup", logGroupName="/aws/sagemaker/TrainingJobs")    # no policy allows it
    False

The services carry out the calls in the local cloud's own process. This module only checks the permissions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from localcloud.iam.roles import AccessDenied, Roles


@dataclass(frozen=True)
class Acting:
    """A service that acts in a role's name.

    Attributes:
        roles: Checks the permissions.
        role_arn: The role's ARN.
        account: The account that owns the resources.
        region: The AWS region of the resources.
        session: The name that AWS's service gives to its session.
    """

    roles: Roles
    role_arn: str
    account: str
    region: str
    session: str = "SageMaker"

    def call(self, service: str, operation: str, **parameters: Any) -> None:
        """Check that the role may make a call.

        Raises:
            AccessDenied: The role's policies do not allow the call.
        """
        self.roles.require_call(self.role_arn, service, operation, parameters, region=self.region, session=self.session)

    def require(
        self, action: str, resources: str | Iterable[str] = "*", context: Mapping[str, str] | None = None
    ) -> None:
        """Check that the role may take an action, for work that is not one call of the API.

        Raises:
            AccessDenied: The role's policies do not allow the action.
        """
        self.roles.require(self.role_arn, action, resources, context, session=self.session, region=self.region)

    def require_often(self, actions: Iterable[str]) -> None:
        """Check that the role may take actions without a resource, many times a second. They are judged once a second.

        Raises:
            AccessDenied: The role's policies do not allow one of them.
        """
        self.roles.require_often(self.role_arn, tuple(actions), session=self.session, region=self.region)

    def may(self, service: str, operation: str, **parameters: Any) -> bool:
        """Whether the role may make a call."""
        return self._allowed(service, operation, parameters, often=False)

    def may_often(self, service: str, operation: str, parameters: Mapping[str, str]) -> bool:
        """Whether the role may make a call that comes many times a second. It is judged once a second."""
        return self._allowed(service, operation, parameters, often=True)

    def _allowed(self, service: str, operation: str, parameters: Mapping[str, Any], *, often: bool) -> bool:
        who, where = self.role_arn, {"region": self.region, "session": self.session}
        try:
            self.roles.require_call(who, service, operation, parameters, **where, often=often)
        except AccessDenied:
            return False
        return True
