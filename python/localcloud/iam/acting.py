"""What a service does in a role's name: each call judged as if the role had sent it.

Example::

    role = Acting(context.roles, role_arn, account="123456789012", region="us-east-1")
    role.call("logs", "CreateLogStream", logGroupName="/aws/sagemaker/TrainingJobs", logStreamName="job/algo-1")

The calls are carried out in the local cloud's process; only what they need permission for is asked for here.
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
        roles: The cloud's judge.
        role_arn: The role.
        account: The account whose resources are meant.
        region: Their AWS region.
        session: The session's name, as the service calls it.
    """

    roles: Roles
    role_arn: str
    account: str
    region: str
    session: str = "SageMaker"

    def call(self, service: str, operation: str, **parameters: Any) -> None:
        """Refuse a call that the role may not make.

        Raises:
            AccessDenied: its policies do not allow it.
        """
        self.roles.require_call(self.role_arn, service, operation, parameters, region=self.region, session=self.session)

    def require(
        self, action: str, resources: str | Iterable[str] = "*", context: Mapping[str, str] | None = None
    ) -> None:
        """Refuse an action that the role may not take, where a service does it in a way of its own.

        Raises:
            AccessDenied: its policies do not allow it.
        """
        self.roles.require(self.role_arn, action, resources, context, session=self.session)

    def may(self, service: str, operation: str, **parameters: Any) -> bool:
        """Whether the role may make a call."""
        try:
            self.call(service, operation, **parameters)
        except AccessDenied:
            return False
        return True
