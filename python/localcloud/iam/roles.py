"""What services do in a role's name: take it on, and ask whether it may.

On AWS a training job, an endpoint or a log delivery calls other services with its role's credentials. The local cloud
does such work in its own process, so it asks here first. Example::

    context.roles.assume(role_arn, "sagemaker.amazonaws.com")                   # CannotAssume: the trust policy refuses
    context.roles.require(role_arn, "s3:GetObject", "arn:aws:s3:::bucket/key")  # AccessDenied
    context.roles.mint(role_arn, "lambda.amazonaws.com", "my-function")         # keys for a function's process
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from typing import Any

from localcloud.iam.evaluation import Access, Context, Decision, Principal, Request, evaluate
from localcloud.iam.principals import Keys, open_session, role_id, session_of
from localcloud.iam.record import Record
from localcloud.iam.registry import Registry


class AccessDenied(Exception):
    """A role may not do what a service wanted to do in its name; the message is AWS's."""

    def __init__(self, request: Request, decision: Decision) -> None:
        super().__init__(denial(request, decision))
        self.request = request


class CannotAssume(Exception):
    """A service may not take a role on, or there is no such role.

    Attributes:
        role_arn: The role.
        service: ``lambda.amazonaws.com``.
    """

    def __init__(self, role_arn: str, service: str) -> None:
        super().__init__(
            f"Could not assume role {role_arn}. Please ensure that the role exists and allows principal "
            f"'{service}' to assume the role."
        )
        self.role_arn, self.service = role_arn, service


class Roles:
    """The roles of one local cloud, as its services use them; what is judged is recorded."""

    def __init__(self, record: Record, registry: Registry) -> None:
        """
        Args:
            record: Where what is judged is written down.
            registry: What the services say of their operations and resources.
        """
        self.registry = registry
        self._record = record
        self._keys: dict[tuple[str, ...], Keys] = {}
        self._lock = threading.Lock()

    def judge(self, request: Request) -> Decision:
        """Judge a request by the policies as they stand.

        Raises:
            UnsupportedPolicy: a policy uses something that the local cloud cannot judge.
        """
        from localcloud.iam.gathering import policies_of

        policies = policies_of(request, self.registry)
        decision = evaluate(request, policies)
        self._record.add(request, policies, decision)
        return decision

    def may(
        self,
        role_arn: str,
        action: str,
        resource: str | Iterable[str] = "*",
        context: Mapping[str, str] | None = None,
        *,
        session: str = "SageMaker",
    ) -> Decision:
        """Whether a session of a role may do something. Arguments as of :meth:`require`."""
        return self.judge(_request(role_arn, action, resource, context, session))

    def require(
        self,
        role_arn: str,
        action: str,
        resource: str | Iterable[str] = "*",
        context: Mapping[str, str] | None = None,
        *,
        session: str = "SageMaker",
    ) -> None:
        """Refuse what a role may not do.

        Args:
            role_arn: The role in whose name a service acts.
            action: As policies name it: ``s3:GetObject``.
            resource: One ARN or more; ``*`` where the action has no resource.
            context: Condition keys' values, by the key's name.
            session: The session's name, as AWS's service calls it.

        Raises:
            AccessDenied: its policies do not allow it; the message is AWS's.
        """
        request = _request(role_arn, action, resource, context, session)
        decision = self.judge(request)
        if not decision.allowed:
            raise AccessDenied(request, decision)

    def require_call(
        self,
        role_arn: str,
        service: str,
        operation: str,
        parameters: Mapping[str, Any],
        *,
        region: str,
        session: str = "SageMaker",
    ) -> None:
        """Refuse a call that a role may not make: all that it needs permission for, its keys' use included.

        Args:
            service: boto3's name of the service.
            operation: The operation, ``GetObject``.
            parameters: Its parameters.
            region: The AWS region that is called.

        Raises:
            AccessDenied: as of :meth:`require`.
            UnknownAction: the local cloud cannot judge the operation.
        """
        from localcloud.iam.derivation import derive

        signed = {
            "HTTP_AUTHORIZATION": f"AWS4-HMAC-SHA256 Credential={session}/00000000/{region}/{service}/aws4_request"
        }
        for access in derive(self.registry, signed, service, operation, parameters):
            request = access.by(session_of(role_arn, session))
            decision = self.judge(request)
            if not decision.allowed:
                raise AccessDenied(request, decision)

    def require_service(
        self,
        service: str,
        action: str,
        resource: str,
        *,
        source_arn: str,
        account: str | None = None,
        context: Mapping[str, str] | None = None,
    ) -> None:
        """Refuse what a service may not do by itself, without a role: the resource's own policy decides.

        Services call each other over TLS.

        Args:
            service: ``events.amazonaws.com``.
            action: As policies name it: ``sqs:SendMessage``.
            resource: The ARN.
            source_arn: What the service acts for: the rule, the alarm.
            account: The account that it acts for, where the ARN, as a bucket's, does not say.
            context: More condition keys' values, by the key's name.

        Raises:
            AccessDenied: the resource's policy does not allow it.
        """
        given: Context = {
            "aws:securetransport": ("true",),
            "aws:sourceaccount": (account or source_arn.split(":")[4],),
            "aws:sourcearn": (source_arn,),
            **{name.lower(): (value,) for name, value in (context or {}).items()},
        }
        request = Access(action, (resource,), given).by(Principal(service, "", "service"))
        decision = self.judge(request)
        if not decision.allowed:
            raise AccessDenied(request, decision)

    def service_may(
        self,
        service: str,
        action: str,
        resource: str,
        *,
        source_arn: str,
        account: str | None = None,
        context: Mapping[str, str] | None = None,
    ) -> bool:
        """Whether a service may do something by itself. Arguments as of :meth:`require_service`."""
        try:
            self.require_service(service, action, resource, source_arn=source_arn, account=account, context=context)
        except AccessDenied:
            return False
        return True

    def assume(self, role_arn: str, service: str, *, source_arn: str | None = None) -> None:
        """Refuse a role that a service may not take on.

        Args:
            service: ``sagemaker.amazonaws.com``.
            source_arn: What the service acts for: the training job, the function, the state machine.

        Raises:
            CannotAssume: there is no such role, or its trust policy does not allow the service.
        """
        if role_id(role_arn) is None:
            raise CannotAssume(role_arn, service)
        account = role_arn.split(":")[4]
        context: Context = {"aws:sourceaccount": (account,)}
        if source_arn:
            context = {**context, "aws:sourcearn": (source_arn,)}
        request = Access("sts:AssumeRole", (role_arn,), context).by(Principal(service, "", "service"))
        if not self.judge(request).allowed:
            raise CannotAssume(role_arn, service)

    def mint(
        self, role_arn: str, service: str = "lambda.amazonaws.com", session: str = "session", *, source_arn: str = ""
    ) -> Keys:
        """Keys of a session that a service opens in a role's name: the same ones while the role is the same.

        Raises:
            CannotAssume: as of :meth:`assume`.
        """
        self.assume(role_arn, service, source_arn=source_arn or None)
        which = (role_arn, role_id(role_arn) or "", service, session)
        with self._lock:
            if which not in self._keys:
                self._keys[which] = open_session(role_arn, session)
            return self._keys[which]


def denial(request: Request, decision: Decision) -> str:
    """AWS's words for a refusal.

    Source: IAM User Guide, "Troubleshoot access denied error messages".
    """
    resources = "" if request.resources == ("*",) else f" on resource: {request.resources[0]}"
    return f"User: {request.principal.arn} is not authorized to perform: {request.action}{resources} {decision.reason}"


def _request(
    role_arn: str, action: str, resource: str | Iterable[str], context: Mapping[str, str] | None, session: str
) -> Request:
    resources = (resource,) if isinstance(resource, str) else tuple(resource)
    given = {name.lower(): (value,) for name, value in (context or {}).items()}
    return Access(action, resources, given).by(session_of(role_arn, session))
