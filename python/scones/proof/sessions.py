"""Makes an environment with the credentials of a pipeline's role, by AssumeRoleWithWebIdentity.

Example (not run: it needs a running cloud)::

    applying = session(environment, "arn:…:role/ci-scones-local-apply", "repo:owner/scones:environment:local")
    Stack(applying, "foundation").apply()       # runs with that role's permissions

The token has the claims of GitHub's token, and is signed with the local cloud's secret instead.
"""

from __future__ import annotations

import time
from dataclasses import replace

from localcloud.iam.principals import web_identity_token
from scones.settings import Credentials, Environment

ISSUER = "https://token.actions.githubusercontent.com"
AUDIENCE = "sts.amazonaws.com"
MAIN = "refs/heads/main"


def session(environment: Environment, role_arn: str, subject: str, *, ref: str = MAIN) -> Environment:
    """The environment with a session of the role.

    Args:
        subject: The token's subject, such as ``repo:OWNER/NAME:environment:local``.
        ref: The branch of the workflow's run.

    Raises:
        ClientError: the role's trust policy or the identity provider refuses the token.
    """
    import boto3
    from botocore import UNSIGNED
    from botocore.config import Config

    sts = boto3.client(
        "sts",
        region_name=environment.region,
        endpoint_url=environment.endpoint_url(),
        config=Config(signature_version=UNSIGNED),
    )
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": subject, "ref": ref, "exp": int(time.time()) + 600}
    own = environment.keys()
    assert own is not None, "a local cloud gives its environment keys"
    token = web_identity_token(claims, own.secret_access_key)
    keys = sts.assume_role_with_web_identity(
        RoleArn=role_arn, RoleSessionName="proof", WebIdentityToken=token, DurationSeconds=7200
    )["Credentials"]
    return replace(
        environment,
        credentials=Credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"]),
        profile=None,
    )
