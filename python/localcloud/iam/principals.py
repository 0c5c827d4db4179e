"""Who asks: the principal of the key that signed a request, and the keys of sessions in a role's name.

Example::

    principal, secret = holder_of("ASIA…", "its session token", root_secret)
    principal.arn                                       # arn:aws:sts::123456789012:assumed-role/scones-local/session
    credentials = open_session("arn:aws:iam::123456789012:role/scones-local", "session")

Users' keys are moto's, from CreateAccessKey; sessions are moto's too, from STS. The root user's secret is made with the
cloud. A web identity's token is believed when the root user's secret has signed it: no issuer can be asked from here.

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
from typing import Any

from localcloud.iam.evaluation import Context, Principal

#: The id of the account's root user's key. Its secret is each cloud's own.
ROOT_KEY = "local"
#: Where a request's WSGI environment has its principal, once its signature is verified.
PRINCIPAL = "localcloud.principal"
PARTITION = "aws"
ANONYMOUS = Principal("*", "", "anonymous")
#: A session that a service opens lasts as long as the local cloud may: AWS renews a function's keys in its place.
SERVICE_SESSION_SECONDS = 10 * 365 * 24 * 3600


class BadKey(Exception):
    """A key, or a web identity's token, that cannot be used.

    Attributes:
        kind: ``unknown``, ``token`` (not the session's), ``expired``, ``identity`` (a web identity's token).
    """

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


@dataclass(frozen=True)
class Keys:
    """What signs requests in a role's name."""

    access_key_id: str
    secret_access_key: str
    session_token: str


def holder_of(access_key: str, token: str | None, root_secret: str) -> tuple[Principal, str]:
    """The principal that an access key belongs to, and the key's secret.

    Args:
        access_key: The access key's id.
        token: The session token that came with it.
        root_secret: The secret of the account's root user's key.

    Raises:
        BadKey: there is no such key, or it is not active, has expired, or came with another session's token.
    """
    from moto.core.utils import utcnow
    from moto.iam.models import get_account_id_from, iam_backends
    from moto.sts.models import sts_backends

    account = get_account_id_from(access_key)
    if access_key == ROOT_KEY:
        return Principal(f"arn:{PARTITION}:iam::{account}:root", account, "root"), root_secret
    session = sts_backends[account][PARTITION].get_assumed_role_from_access_key(access_key)
    if session is not None:
        if token != session.session_token:
            raise BadKey("token", "The security token included in the request is invalid.")
        if session.expiration < utcnow():
            raise BadKey("expired", "The security token included in the request is expired")
        who = Principal(session.arn, account, "role", role_arn=session.role_arn, session_policy=session.policy)
        return who, session.secret_access_key
    user = iam_backends[account][PARTITION].get_user_from_access_key_id(access_key)
    if user is None or (key := user.get_access_key_by_id(access_key)).status != "Active":
        raise BadKey("unknown", "The security token included in the request is invalid.")
    return Principal(user.arn, account, "user"), key.secret_access_key


def session_of(role_arn: str, name: str) -> Principal:
    """The principal that a session of a role is."""
    account = role_arn.split(":")[4]
    arn = f"arn:{PARTITION}:sts::{account}:assumed-role/{role_arn.rpartition('/')[2]}/{name}"
    return Principal(arn, account, "role", role_arn=role_arn)


def open_session(role_arn: str, name: str) -> Keys:
    """Keys of a session in a role's name, which STS knows; whether anybody may have them is not judged here."""
    from moto.sts.models import sts_backends

    session = sts_backends[role_arn.split(":")[4]][PARTITION].assume_role(
        region_name="us-east-1",
        role_session_name=name,
        role_arn=role_arn,
        policy=None,
        duration=SERVICE_SESSION_SECONDS,
        external_id=None,
    )
    return Keys(session.access_key_id, session.secret_access_key, session.session_token)


def role_id(role_arn: str) -> str | None:
    """A role's id, which another role of the same name does not have; None where there is no such role."""
    from moto.core.exceptions import ServiceException
    from moto.iam.models import iam_backends

    try:
        return iam_backends[role_arn.split(":")[4]][PARTITION].get_role_by_arn(role_arn).id
    except (ServiceException, IndexError):
        return None


def web_identity(token: str, account: str, root_secret: str) -> tuple[Principal, Context]:
    """The identity provider that a web identity's token names, and the condition keys that the token gives.

    Raises:
        BadKey: it is no JSON Web Token, another secret signed it, it has expired, or the account does not know its
            issuer or its audience.
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
    named = {f"{issuer}:{name}".lower(): (str(claims[name]),) for name in ("aud", "sub") if name in claims}
    return Principal(arn, account, "federated"), named


def web_identity_token(claims: Mapping[str, Any], root_secret: str) -> str:
    """A web identity's token as an issuer would write it, signed with the local cloud's own secret.

    JSON Web Token (RFC 7519), signed with HMAC and SHA-256 (RFC 7515, "HS256").
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
        payload = content.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError, binascii.Error):
        claims = None
    if not isinstance(claims, dict):
        raise BadKey("identity", "The ID Token provided is not a valid JWT.")
    return claims


def _json(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content).encode()


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
