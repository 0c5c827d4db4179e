"""What STS keeps of a role's session: its tags, its source identity and its begin, until an hour after its end.

moto: ``sts/responses.py``, ``assume_role`` drops Tags, TransitiveTagKeys and SourceIdentity. ``sts/models.py`` keeps
each session, and its access key, for ever, and looks through all sessions to find one.

AWS: a session's tags are its principal's tags (``aws:PrincipalTag/KEY``), before those of its role; the transitive ones
and the source identity go on to the sessions that it opens (IAM User Guide, "Pass session tags in AWS STS", "Monitor
and control actions taken with assumed roles"). Credentials that have expired are refused with ExpiredToken (AWS STS API
Reference). For an hour, the local cloud refuses them with this word, and after that as a key that does not exist.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.iam.models import iam_backends
from moto.sts.models import AssumedRole, STSBackend, sts_backends
from moto.sts.responses import TokenResponse

from localcloud.iam.evaluation import Principal
from localcloud.iam.principals import ANONYMOUS, PRINCIPAL, issuer_of, role_id

KEPT = timedelta(hours=1)
TAG, SOURCE, BEGIN, PROVIDER = "aws:principaltag/", "aws:sourceidentity", "aws:tokenissuetime", "aws:federatedprovider"
#: The names of the transitive tags, in lower case. It is no condition key of AWS's.
TRANSITIVE = "transitive"


class InheritedTag(ServiceException):
    code = "InvalidParameterValue"
    message = (
        "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the "
        "calling session."
    )


class OtherSourceIdentity(ServiceException):
    code = "AccessDenied"
    message = "The source identity of the calling session cannot be changed."


class NoSuchRole(ServiceException):
    """AWS tells nobody whether there is a role that he may not assume."""

    code = "AccessDenied"

    def __init__(self, caller: Principal, role_arn: str) -> None:
        super().__init__(f"User: {caller} is not authorized to perform: sts:AssumeRole on resource: {role_arn}")


def apply() -> None:
    """Wrap moto's functions."""
    assume, answer = STSBackend.assume_role, TokenResponse.assume_role
    answer_federated = TokenResponse.assume_role_with_web_identity

    def assume_role(self: STSBackend, *given: Any, **named: Any) -> AssumedRole:
        session: AssumedRole = assume(self, *given, **named)
        session.session_context = ((BEGIN, (utcnow().strftime("%Y-%m-%dT%H:%M:%SZ"),)),)
        _forget(sts_backends[session.account_id][session.partition])
        return session

    def assume_role_tagged(self: TokenResponse) -> ActionResult:
        caller = self.headers.environ.get(PRINCIPAL, ANONYMOUS)
        role_arn = self._get_param("RoleArn")
        if role_id(role_arn) is None:  # the root user's requests are not judged
            raise NoSuchRole(caller, role_arn)
        tags = {tag["Key"]: tag["Value"] for tag in self._get_param("Tags", [])}
        brought = handed_on(caller, tags, self._get_param("TransitiveTagKeys", []), self._get_param("SourceIdentity"))
        answered = answer(self)
        result: Any = answered.result
        session = result["Credentials"]
        session.session_context = (*session.session_context, *brought)
        source = dict(brought).get(SOURCE)
        return ActionResult({**result, "SourceIdentity": source[0]} if source else result)

    def assume_role_with_web_identity(self: TokenResponse) -> ActionResult:
        answered = answer_federated(self)
        session = answered.result["Credentials"]
        provider = f"arn:aws:iam::{session.account_id}:oidc-provider/{issuer_of(self._get_param('WebIdentityToken'))}"
        session.session_context = (*session.session_context, (PROVIDER, (provider,)))
        return answered

    STSBackend.assume_role = assume_role
    TokenResponse.assume_role = assume_role_tagged
    TokenResponse.assume_role_with_web_identity = assume_role_with_web_identity


def handed_on(
    caller: Principal, tags: dict[str, str], transitive: Iterable[str], source: str | None
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The condition keys that a new session brings: its own tags, and what its caller's session hands on.

    Raises:
        InheritedTag: A tag has the name of a transitive tag of the caller's session.
        OtherSourceIdentity: The caller's session has another one.

    Example::

        >>> handed_on(ANONYMOUS, {"Team": "ml"}, [], "ada")
        (('aws:sourceidentity', ('ada',)), ('aws:principaltag/team', ('ml',)))
    """
    had = dict(caller.session_context)
    going_on = had.get(TRANSITIVE, ())
    own = {f"{TAG}{name}".lower(): (value,) for name, value in tags.items()}
    inherited = {f"{TAG}{name}": had[f"{TAG}{name}"] for name in going_on}
    if own.keys() & inherited.keys():
        raise InheritedTag
    if source and source not in had.get(SOURCE, (source,)):
        raise OtherSourceIdentity
    whose = {SOURCE: (source,)} if source else {SOURCE: had[SOURCE]} if SOURCE in had else {}
    names = tuple(dict.fromkeys([*going_on, *(name.lower() for name in transitive)]))
    return tuple({**whose, **inherited, **own, **({TRANSITIVE: names} if names else {})}.items())


def _forget(sts: STSBackend) -> None:
    oldest = utcnow() - KEPT
    gone = [one for one in sts.assumed_roles if one.expiration < oldest]
    for one in gone:
        sts.assumed_roles.remove(one)
        iam_backends[one.account_id][one.partition].access_keys.pop(one.access_key_id, None)
