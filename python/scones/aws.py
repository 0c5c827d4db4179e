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

import contextlib
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localcloud import foreign

if TYPE_CHECKING:
    import boto3

    from scones.settings import Environment


FOREIGN = Path(foreign.__file__).parent
DEFAULTS = "SAGEMAKER_USER_CONFIG_OVERRIDE"  # the file with the user's defaults of SageMaker's SDK
PLUGINS, PLUGIN = "BOTOCORE_EXPERIMENTAL__PLUGINS", "localcloud=localcloud_endpoint"
#: Variables with several values, and what stands between these. Each environment adds its own to the user's.
LISTS = {"PATH": os.pathsep, "PYTHONPATH": os.pathsep, PLUGINS: ","}
#: Variables that would lead an SDK elsewhere than to the local cloud, or make it show other keys there.
ASTRAY = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN", "AWS_ENDPOINT_URL_")


def variables(environment: Environment) -> dict[str, str]:
    """The ``AWS_*`` variables for boto3, Terraform and the AWS CLI.

    Raises:
        LocalCloudError: the environment uses a local cloud, which is not running.
    """
    found = {"AWS_REGION": environment.region, "AWS_DEFAULT_REGION": environment.region}
    endpoint = environment.endpoint_url()
    if endpoint:
        found["AWS_ENDPOINT_URL"] = endpoint
        found["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] = "false"  # whatever ~/.aws/config says
        found["AWS_DISABLE_HOST_PREFIX_INJECTION"] = "true"  # sync-127.0.0.1 is no host
    if keys := environment.keys():
        found["AWS_ACCESS_KEY_ID"] = keys.access_key_id
        found["AWS_SECRET_ACCESS_KEY"] = keys.secret_access_key
        if keys.session_token:
            found["AWS_SESSION_TOKEN"] = keys.session_token
    if environment.profile:
        found["AWS_PROFILE"] = environment.profile
    return found


def sdk_variables(environment: Environment, process: Mapping[str, str]) -> dict[str, str | None]:
    """What the SDKs of other Pythons need besides :func:`variables`. None for a variable that they must not have.

    On the local cloud, they load :mod:`localcloud.foreign.localcloud_endpoint`, and SageMaker's SDK does not tell AWS
    what was done and which error there was. On AWS, they are as their user made them.

    Args:
        process: The user's own variables, without those of an environment. Its lists may have an environment's part.

    Raises:
        LocalCloudError: the environment uses a local cloud, which is not running.
    """
    local = environment.endpoint_url() is not None
    found: dict[str, str | None] = {
        name: _listed(process.get(name, ""), LISTS[name], own, local)
        for name, own in (("PYTHONPATH", str(FOREIGN)), (PLUGINS, PLUGIN))
    }
    if local:
        found |= {name: None for name in process if name in ASTRAY or name.startswith(ASTRAY[-1])}
        found |= {} if process.get(DEFAULTS) else {DEFAULTS: str(FOREIGN / "sagemaker.yaml")}
    return {name: value for name, value in found.items() if value is not None or name in process}


def _listed(given: str, between: str, own: str, wanted: bool) -> str | None:
    """A variable's values with ``own`` in front of the user's, or without it; None if none is left."""
    others = [one for one in given.split(between) if one and Path(one).parts[-2:] != Path(own).parts[-2:]]
    return between.join([own, *others] if wanted else others) or None


def session(environment: Environment) -> boto3.Session:
    """A boto3 session with the environment's region, and its keys or profile if it has any.

    Raises:
        LocalCloudError: the environment uses a local cloud, which is not running.
    """
    import boto3
    import botocore.session

    keys, core = environment.keys(), botocore.session.get_session()
    core.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=moment)
    return boto3.Session(
        botocore_session=core,
        region_name=environment.region,
        aws_access_key_id=keys.access_key_id if keys else None,
        aws_secret_access_key=keys.secret_access_key if keys else None,
        aws_session_token=keys.session_token if keys else None,
        profile_name=environment.profile,
    )


def moment(value: Any) -> datetime:
    """A time in an answer, in this machine's time zone.

    botocore takes 60 µs for a number of seconds, because dateutil looks the zone's rules up. This takes 2 µs, which
    halves the time to read a list of 1000 executions.

    Example::

        >>> moment(1.7e9).timestamp(), moment("2023-11-14T22:13:20Z").timestamp()
        (1700000000.0, 1700000000.0)
    """
    from botocore.utils import parse_timestamp

    if isinstance(value, int | float):
        with contextlib.suppress(OverflowError, OSError, ValueError):  # botocore reads those, too
            return datetime.fromtimestamp(value, UTC).astimezone()
    return parse_timestamp(value)


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
