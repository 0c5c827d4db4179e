"""The only place that makes AWS sessions and clients.

Example::

    environment = settings.load("local")
    s3 = aws.client(environment, "s3")

Where an environment names an endpoint, every client and every child process talks to it; nothing else in the project
knows which cloud it is talking to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import boto3

    from scones.settings import Environment


def variables(environment: Environment) -> dict[str, str]:
    """The ``AWS_*`` variables that lead boto3, Terraform and the aws command line to an environment's cloud.

    Raises:
        LocalCloudError: the environment's endpoint is that of a local cloud that is not running.
    """
    found = {"AWS_REGION": environment.region, "AWS_DEFAULT_REGION": environment.region}
    endpoint = environment.endpoint_url()
    if endpoint:
        found["AWS_ENDPOINT_URL"] = endpoint
    if keys := environment.keys():
        found["AWS_ACCESS_KEY_ID"] = keys.access_key_id
        found["AWS_SECRET_ACCESS_KEY"] = keys.secret_access_key
        if keys.session_token:
            found["AWS_SESSION_TOKEN"] = keys.session_token
    if environment.profile:
        found["AWS_PROFILE"] = environment.profile
    return found


def session(environment: Environment) -> boto3.Session:
    """A boto3 session with the environment's region and its keys or profile, where it has them.

    Raises:
        LocalCloudError: the environment's cloud is a local one that is not running.
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
    """A boto3 client for ``service``, retrying throttled and failed calls up to five times.

    Args:
        max_connections: The size of the connection pool: as many as threads will share the client.

    Raises:
        LocalCloudError: the environment's endpoint is that of a local cloud that is not running.
    """
    from botocore.config import Config

    config = Config(retries={"mode": "standard", "max_attempts": 5}, max_pool_connections=max_connections)
    return session(environment).client(service, endpoint_url=environment.endpoint_url(), config=config)


def account_id(environment: Environment) -> str:
    """The account that the environment's credentials belong to."""
    return client(environment, "sts").get_caller_identity()["Account"]
