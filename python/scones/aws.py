"""Makes all AWS sessions and clients of the project.

Example::

    >>> from scones import settings
    >>> environment = settings.load("dev")
    >>> s3 = client(environment, "s3")
    >>> s3.meta.region_name == environment.region
    True

If an environment has an endpoint, every client and every child process uses it. The rest of the project does not know
which cloud it talks to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import boto3

    from scones.settings import Environment


def variables(environment: Environment) -> dict[str, str]:
    """The ``AWS_*`` variables for boto3, Terraform and the AWS CLI.

    Raises:
        LocalCloudError: the environment uses a local cloud, which is not running.
    """
    found = {"AWS_REGION": environment.region, "AWS_DEFAULT_REGION": environment.region}
    endpoint = environment.endpoint_url()
    if endpoint:
        found["AWS_ENDPOINT_URL"] = endpoint
        found["AWS_DISABLE_HOST_PREFIX_INJECTION"] = "true"  # sync-127.0.0.1 is no host
    if keys := environment.keys():
        found["AWS_ACCESS_KEY_ID"] = keys.access_key_id
        found["AWS_SECRET_ACCESS_KEY"] = keys.secret_access_key
        if keys.session_token:
            found["AWS_SESSION_TOKEN"] = keys.session_token
    if environment.profile:
        found["AWS_PROFILE"] = environment.profile
    return found


def session(environment: Environment) -> boto3.Session:
    """A boto3 session with the environment's region, and its keys or profile if it has any.

    Raises:
        LocalCloudError: the environment uses a local cloud, which is not running.
    """
    import boto3

    keys = environment.keys()
    return boto3.Session(
        region_name=environment.region,
        aws_access_key_id=keys.access_key_id if keys else None,
        aws_secret_access_key=keys.secret_access_key if keys else None,
        aws_session_token=keys.session_token if keys else None,
        profile_name=environment.profile,
    )


def client(environment: Environment, service: str, *, max_connections: int = 10) -> Any:
    """A boto3 client. It makes up to five attempts if a call is throttled or fails.

    Args:
        service: The name of the service in boto3, for instance ``s3``.
        max_connections: The size of the connection pool. Use the number of threads that share the client.

    Raises:
        LocalCloudError: the environment uses a local cloud, which is not running.
    """
    from botocore.config import Config

    config = Config(retries={"mode": "standard", "max_attempts": 5}, max_pool_connections=max_connections)
    return session(environment).client(service, endpoint_url=environment.endpoint_url(), config=config)


def account_id(environment: Environment) -> str:
    """The AWS account of the environment's credentials."""
    return client(environment, "sts").get_caller_identity()["Account"]
