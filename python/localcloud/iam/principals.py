"""Finds the principal of an access key, and opens sessions of roles.

Example::

    >>> principal, secret = holder_of(ROOT_KEY, None, root_secret="the secret of this cloud")
    >>> principal.arn
    'arn:aws:iam::123456789012:root'
    >>> session_of("arn:aws:iam::123456789012:role/training", "job-1").arn
    'arn:aws:sts::123456789012:assumed-role/training/job-1'

moto keeps the users' keys (CreateAccessKey) and the sessions (STS). Every cloud makes its own secret for the root user.
The local cloud cannot ask the issuer of a web identity token. It accepts a token that is signed with the root user's
secret.

AWS: IAM User Guide, "Request temporary security credentials" and "OIDC federation"; STS API Reference, AssumeRole and
AssumeRoleWithWebIdentity.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from localcloud.iam.evaluation import Context, Principal

#: The access key id of the account's root user. Every cloud has its own secret for it.
ROOT_KEY = "local"
#: The key of the principal in the WSGI environment. It is set after the signature is verified.
PRINCIPAL = "localcloud.principal"
PARTITION = "aws"
ANONYMOUS = Principal("*", "", "anonymous")
# The claims of an issuer's tokens that STS makes condition keys of, beside those of every issuer:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-wif
PROVIDERS_CLAIMS = {
    "token.actions.githubusercontent.com": (
        "actor",
        "actor_id",
        "enterprise_id",
        "environment",
        "job_workflow_ref",
        "ref",
        "repository",
        "repository_id",
        "workflow",
    )
}
#: A service's session lasts longer than any local cloud. AWS renews a function's keys instead.
SERVICE_SESSION_SECONDS = 10 * 365 * 24 * 3600


class BadKey(Exception):
    """An access key or a web identity token that is not valid.

    Attributes:
        kind: ``unknown``, ``token`` (the session token is wrong), ``expired``, or ``identity`` (the web identity token
            is wrong).
    """

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


@dataclass(frozen=True)
class Keys:
    """Credentials of a role's session."""

    access_key_id: str
    secret_access_key: str
    session_token: str


def holder_of(access_key: str, token: str | None, root_secret: str) -> tuple[Principal, str]:
    """The principal of an access key, and the key's secret.

    Args:
        access_key: The access key's id.
        token: The session token of the request.
        root_secret: The secret access key of the account's root user.

    Raises:
        BadKey: The key does not exist, is not active or has expired, or the session token is another session's.
    """
    if access_key == ROOT_KEY:
        return _root(), root_secret
    from moto.core.utils import utcnow
    from moto.iam.models import get_account_id_from, iam_backends
    from moto.sts.models import sts_backends

    account = get_account_id_from(access_key)
    session = sts_backends[account][PARTITION].get_assumed_role_from_access_key(access_key)
    if session is not None:
        if token != session.session_token:
            raise BadKey("token", "The security token included in the request is invalid.")
        if session.expiration < utcnow():
            raise BadKey("expired", "The security token included in the request is expired")
        who = Principal(
            session.arn,
            account,
            "role",
            role_arn=session.role_arn,
            session_policy=session.policy,
            session_context=getattr(session, "session_context", ()),
        )
        return who, session.secret_access_key
    user = iam_backends[account][PARTITION].get_user_from_access_key_id(access_key)
    if user is None or (key := user.get_access_key_by_id(access_key)).status != "Active":
        raise BadKey("unknown", "The security token included in the request is invalid.")
    return Principal(user.arn, account, "user"), key.secret_access_key


@cache
def _root() -> Principal:
    from moto.core import DEFAULT_ACCOUNT_ID as ACCOUNT

    return Principal(f"arn:{PARTITION}:iam::{ACCOUNT}:root", ACCOUNT, "root")


def session_of(role_arn: str, name: str) -> Principal:
    """The principal of a role's session."""
    account = role_arn.split(":")[4]
    arn = f"arn:{PARTITION}:sts::{account}:assumed-role/{role_arn.rpartition('/')[2]}/{name}"
    return Principal(arn, account, "role", role_arn=role_arn)


def open_session(role_arn: str, name: str, about: Mapping[str, str] | None = None) -> Keys:
    """Credentials of a new session of a role. STS knows the session.

    This function does not check whether the caller may assume the role.

    Args:
        about: The condition keys that the session brings, in lower case.
    """
    from moto.sts.models import sts_backends

    session = sts_backends[role_arn.split(":")[4]][PARTITION].assume_role(
        region_name="us-east-1",
        role_session_name=name,
        role_arn=role_arn,
        policy=None,
        duration=SERVICE_SESSION_SECONDS,
        external_id=None,
    )
    session.session_context += tuple((key, (value,)) for key, value in (about or {}).items())
    return Keys(session.access_key_id, session.secret_access_key, session.session_token)


def role_id(role_arn: str) -> str | None:
    """A role's id; None if there is no such role.

    A new role of the same name has another id.
    """
    from moto.core.exceptions import ServiceException
    from moto.iam.models import iam_backends

    try:
        return iam_backends[role_arn.split(":")[4]][PARTITION].get_role_by_arn(role_arn).id
    except (ServiceException, IndexError):
        return None


def identity(who: Principal) -> str | None:
    """What services' events call a principal: a user's id, or a role's id with the session's name; None for others.

    Source: IAM User Guide, "IAM identifiers" (AIDA…, AROA…:SESSION).
    """
    from moto.iam.models import iam_backends

    if who.kind == "role" and who.role_arn:
        return f"{role_id(who.role_arn)}:{who.arn.rpartition('/')[2]}"
    if who.kind == "user":
        users = iam_backends[who.account][PARTITION].users
        return next((str(user.id) for user in users.values() if user.arn == who.arn), None)
    return None


def web_identity(token: str, account: str, root_secret: str) -> tuple[Principal, Context]:
    """The identity provider of a web identity token, and the condition keys of the token.

    Raises:
        BadKey: The token is not a JSON Web Token, has another signature or has expired, or the account does not know
            its issuer or its audience.
    """
    from moto.iam.models import iam_backends

    claims = _claims(token, root_secret)
    issuer = str(claims.get("iss", "")).removeprefix("https://")
    arn = f"arn:{PARTITION}:iam::{account}:oidc-provider/{issuer}"
    provider = iam_backends[account][PARTITION].open_id_providers.get(arn)
    if provider is None:
        raise BadKey("identity", f"No OpenIDConnect provider found in your account for https://{issuer}")
    audience = claims.get("aud")
    if audience not in provider.client_id_list:
        raise BadKey("identity", "Incorrect token audience")
    if claims.get("exp", time.time() + 1) < time.time():
        raise BadKey("expired", "Token expired: current date/time must be before the expiration date/time")
    known = ("aud", "sub", *PROVIDERS_CLAIMS.get(issuer, ()))
    named = {f"{issuer}:{name}".lower(): (str(claims[name]),) for name in known if name in claims}
    return Principal(arn, account, "federated"), named


def issuer_of(token: str) -> str:
    """The issuer that a web identity token names, without ``https://``. The token has been checked before."""
    return str(_decoded(token).get("iss", "")).removeprefix("https://")


def web_identity_token(claims: Mapping[str, Any], root_secret: str) -> str:
    """A web identity token, signed with the local cloud's own secret.

    It is a JSON Web Token (RFC 7519) with an HMAC-SHA256 signature (RFC 7515, "HS256").

    Example::

        >>> web_identity_token({"iss": "https://token.actions.githubusercontent.com"}, "the secret").count(".")
        2
    """
    content = f"{_encoded(_json({'alg': 'HS256', 'typ': 'JWT'}))}.{_encoded(_json(claims))}"
    return f"{content}.{_encoded(hmac.digest(root_secret.encode(), content.encode(), 'sha256'))}"


def _claims(token: str, root_secret: str) -> dict[str, Any]:
    content, _, signature = token.rpartition(".")
    if not hmac.compare_digest(
        signature.encode(), _encoded(hmac.digest(root_secret.encode(), content.encode(), "sha256")).encode()
    ):
        raise BadKey("identity", "The ID Token provided is not a valid JWT: its signature is not the local cloud's.")
    try:
        claims = _decoded(content)
    except (IndexError, ValueError, binascii.Error):
        claims = None
    if not isinstance(claims, dict):
        raise BadKey("identity", "The ID Token provided is not a valid JWT.")
    return claims


def _decoded(content: str) -> Any:
    payload = content.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


def _json(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content).encode()


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
