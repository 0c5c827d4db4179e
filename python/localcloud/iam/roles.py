"""Checks what services do in a role's name.

On AWS a training job, an endpoint or a log delivery calls other services with its role's credentials. The local cloud
does this work in its own process, so it checks the role's permissions here first.

Example::

    >>> from pathlib import Path
    >>> from localcloud.services import registered
    >>> roles = Roles(Record(Path("build/local")), registered())
    >>> roles.assume("arn:aws:iam::123456789012:role/none", "sagemaker.amazonaws.com")
    Traceback (most recent call last):
    ...
    localcloud.iam.roles.CannotAssume: Could not assume role arn:aws:iam::123456789012:role/none. Please ensure ...
    >>> roles.may("arn:aws:iam::123456789012:role/none", "s3:GetObject", "arn:aws:s3:::images/a.png").reason
    'because no identity-based policy allows the s3:GetObject action'
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from localcloud.errors import UnsupportedPolicy
from localcloud.iam.derivation import DEFAULT_REGION, derive, global_keys, whole
from localcloud.iam.evaluation import TRUST_ACTIONS, Access, Context, Decision, Policies, Principal, Request, evaluate
from localcloud.iam.gathering import Identities, policies_of
from localcloud.iam.lookups import completed
from localcloud.iam.principals import Keys, open_session, session_of
from localcloud.iam.record import Record
from localcloud.iam.registry import Registry

T = TypeVar("T")
MOST_COLLECTED = 4096  # requests whose policies are remembered


class AccessDenied(Exception):
    """A role's or service's request was denied. The message is AWS's."""

    def __init__(self, request: Request, decision: Decision) -> None:
        super().__init__(denial(request, decision))
        self.request = request


class CannotAssume(Exception):
    """A service may not assume a role, or the role does not exist.

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
    """The roles of one local cloud. It records each decision."""

    def __init__(
        self,
        record: Record,
        registry: Registry,
        changes: Callable[[], int] | None = None,
        identities: Identities | None = None,
    ) -> None:
        """Args:
        record: Writes the decisions down.
        registry: The services' tables and policies.
        changes: How often a backend has changed, before a change is acknowledged. As long as that is the same, the
            policies of a request are too, and they are collected once. None: they are collected for each request.
        identities: Where the policies of users and roles are from. By default, IAM's changes count at once.
        """
        self._identities = identities or Identities()
        self.registry = registry
        self._changes = changes
        self._collected: dict[Any, tuple[int, Any]] = {}
        self._record = record
        self._keys: dict[tuple[Any, ...], Keys] = {}
        self._lock = threading.Lock()

    def judge(self, request: Request) -> Decision:
        """Decide about a request by the current policies.

        Raises:
            UnsupportedPolicy: A policy uses something that the local cloud cannot evaluate.
        """
        which = (request.principal, request.action in TRUST_ACTIONS, request.resources)
        policies: Policies = self._unchanged(which, lambda: policies_of(request, self.registry, self._identities))
        request = completed(request, policies.keys, self.registry)
        decision = evaluate(request, policies)
        self._record.add(request, policies, decision)
        return decision

    def _role_id(self, role_arn: str) -> str | None:
        found: str | None = self._unchanged(role_arn, lambda: self._identities.role_id(role_arn))
        return found

    def _unchanged(self, which: Any, collect: Callable[[], Any]) -> Any:
        if self._changes is None:
            return collect()
        number = self._changes()  # before: what another thread changes meanwhile must be collected again
        known = self._collected.get(which)
        if known and known[0] == number:
            return known[1]
        if len(self._collected) >= MOST_COLLECTED:
            self._collected.clear()
        found = collect()
        if found is not None:  # a role that is missing may be made in the course of a request
            self._collected[which] = number, found
        return found

    def _once_a_second(self, check: Callable[[], T], *which: Any) -> T:
        """Make a check, unless it went well in this second, and nothing has changed since. Returns what it gave.

        The condition keys of the time have seconds. While decisions are recorded, each of them is made.
        """
        if self._record.step() is not None:
            return check()
        found: T = self._unchanged((int(time.time()), *which), check)
        return found

    def _demand(self, request: Request) -> None:
        try:
            decision = self.judge(request)
        except UnsupportedPolicy as problem:  # what cannot be judged is refused, and named
            decision = Decision(False, f"because {problem}")
        if not decision.allowed:
            raise AccessDenied(request, decision)

    def may(
        self,
        role_arn: str,
        action: str,
        resource: str = "*",
        context: Mapping[str, str] | None = None,
        *,
        session: str = "SageMaker",
        region: str = DEFAULT_REGION,
    ) -> Decision:
        """Decide whether a session of a role may take an action. See :meth:`require` for the arguments."""
        given = {name.lower(): (value,) for name, value in (context or {}).items()}
        access = whole(Access(action, (resource,), given), global_keys(region, {}))
        return self.judge(access.by(session_of(role_arn, session)))

    def require(
        self,
        role_arn: str,
        action: str,
        resource: str | Iterable[str] = "*",
        context: Mapping[str, str] | None = None,
        *,
        session: str = "SageMaker",
        region: str = DEFAULT_REGION,
    ) -> None:
        """Check that a role may take an action.

        Args:
            role_arn: The role in whose name a service acts.
            action: The action's name in policies, ``s3:GetObject``.
            resource: One or more ARNs; ``*`` if the action has no resource.
            context: Values of condition keys, by the key's name.
            session: The name that AWS's service gives to its session.
            region: The AWS region in which the service acts.

        Raises:
            AccessDenied: The role's policies do not allow the action. The message is AWS's.
        """
        given = {name.lower(): (value,) for name, value in (context or {}).items()}
        who, about = session_of(role_arn, session), global_keys(region, {})
        for one in (resource,) if isinstance(resource, str) else resource:
            self._demand(whole(Access(action, (one,), given), about).by(who))

    def require_often(self, role_arn: str, actions: tuple[str, ...], *, session: str, region: str) -> None:
        """Check that a role may take actions that have no resource. They are judged once a second.

        Raises:
            AccessDenied: The role's policies do not allow one of them.
        """

        def check() -> bool:
            for action in actions:
                self.require(role_arn, action, session=session, region=region)
            return True

        self._once_a_second(check, role_arn, actions, session, region)

    def require_own(self, role_arn: str, action: str, resource: str, *, region: str, session: str) -> None:
        """Check that a role's own policies allow an action, whatever the resource's policy allows.

        AWS checks so when a role is configured, before anything is done in its name. The decision is not recorded.

        Raises:
            AccessDenied: They do not.
        """
        access = whole(Access(action, (resource,), {}), global_keys(region, {}))
        request = access.by(session_of(role_arn, session))
        policies = replace(policies_of(request, self.registry, self._identities), resource=None)
        try:
            decision = evaluate(completed(request, policies.keys, self.registry), policies)
        except UnsupportedPolicy as problem:
            decision = Decision(False, f"because {problem}")
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
        often: bool = False,
    ) -> None:
        """Check that a role may make a call: all permissions that the call needs, on KMS keys too.

        Args:
            service: boto3's name of the service.
            operation: The operation, ``GetObject``.
            parameters: The operation's parameters.
            region: The AWS region of the call.
            often: Whether the same call comes many times a second. It is then judged once a second. Its parameters are
                texts.

        Raises:
            AccessDenied: The role's policies do not allow the call.
            UnknownAction: The local cloud cannot check the operation.
        """

        def check() -> bool:
            signed = {
                "HTTP_AUTHORIZATION": f"AWS4-HMAC-SHA256 Credential={session}/00000000/{region}/{service}/aws4_request"
            }
            for access in derive(self.registry, signed, service, operation, parameters):
                self._demand(access.by(session_of(role_arn, session)))
            return True

        if often:
            self._once_a_second(check, role_arn, service, operation, region, session, *parameters.items())
        else:
            check()

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
        """Check that a service may take an action in its own name. The resource's policy decides.

        Services call each other over TLS, so ``aws:SecureTransport`` is true.

        Args:
            service: ``events.amazonaws.com``.
            action: The action's name in policies, ``sqs:SendMessage``.
            resource: The resource's ARN.
            source_arn: The ARN of the rule, alarm or other resource for which the service acts.
            account: The account for which the service acts, if ``source_arn`` has none (a bucket's has none).
            context: Values of further condition keys, by the key's name.

        Raises:
            AccessDenied: The resource's policy does not allow the action.
        """
        now, parts = global_keys("", {}), resource.split(":")
        given: Context = {
            **{key: now[key] for key in ("aws:currenttime", "aws:epochtime", "aws:securetransport")},
            **({"aws:requestedregion": (parts[3],)} if len(parts) > 5 and parts[3] else {}),
            "aws:sourceaccount": (account or source_arn.split(":")[4],),
            "aws:sourcearn": (source_arn,),
            **{name.lower(): (value,) for name, value in (context or {}).items()},
        }
        self._demand(whole(Access(action, (resource,), {}), given).by(Principal(service, "", "service")))

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
        """Whether a service may take an action in its own name. See :meth:`require_service` for the arguments."""
        try:
            self.require_service(service, action, resource, source_arn=source_arn, account=account, context=context)
        except AccessDenied:
            return False
        return True

    def assume(self, role_arn: str, service: str, *, source_arn: str | None = None) -> None:
        """Check that a service may assume a role.

        Args:
            service: ``sagemaker.amazonaws.com``.
            source_arn: The ARN of the training job, function or state machine for which the service acts.

        Raises:
            CannotAssume: The role does not exist, or its trust policy does not allow the service.
        """

        def check() -> bool:
            if self._role_id(role_arn) is None:
                raise CannotAssume(role_arn, service)
            account = role_arn.split(":")[4]
            context: Context = {"aws:sourceaccount": (account,)}
            if source_arn:
                context = {**context, "aws:sourcearn": (source_arn,)}
            request = Access("sts:AssumeRole", (role_arn,), context).by(Principal(service, "", "service"))
            if not self.judge(request).allowed:
                raise CannotAssume(role_arn, service)
            return True

        self._once_a_second(check, "sts:AssumeRole", role_arn, service, source_arn)

    def mint(
        self,
        role_arn: str,
        service: str = "lambda.amazonaws.com",
        session: str = "session",
        *,
        source_arn: str = "",
        about: Mapping[str, str] | None = None,
    ) -> Keys:
        """Credentials of a service's session of a role. The same session is returned until the role is replaced.

        Args:
            about: The condition keys that the session brings, in lower case.

        Raises:
            CannotAssume: See :meth:`assume`.
        """
        brought = tuple((about or {}).items())

        def keys() -> Keys:
            self.assume(role_arn, service, source_arn=source_arn or None)
            which = (role_arn, self._role_id(role_arn) or "", service, session, *sorted(brought))
            with self._lock:
                if which not in self._keys:
                    self._keys[which] = open_session(role_arn, session, about)
                return self._keys[which]

        return self._once_a_second(keys, "keys", role_arn, service, session, source_arn, brought)


def denial(request: Request, decision: Decision) -> str:
    """AWS's message for a denied request.

    Source: IAM User Guide, "Troubleshoot access denied error messages".
    """
    resources = "" if request.resources == ("*",) else f" on resource: {request.resources[0]}"
    return f"User: {request.principal.arn} is not authorized to perform: {request.action}{resources} {decision.reason}"
