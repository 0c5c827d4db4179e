"""A plugin of botocore: a client that names one of AWS's hosts calls the local cloud, if its key is the local cloud's.

SageMaker's SDK gives its STS client an explicit endpoint, ``https://sts.us-east-1.amazonaws.com``, in v2 and in v3. An
explicit endpoint wins over ``AWS_ENDPOINT_URL``. So ``Session().default_bucket()`` and ``get_execution_role()`` would
send the local cloud's key to AWS, which refuses it. botocore loads this module in every Python with these variables::

    BOTOCORE_EXPERIMENTAL__PLUGINS=localcloud=localcloud_endpoint
    PYTHONPATH=.../localcloud/foreign

A client's explicit endpoint is replaced by ``AWS_ENDPOINT_URL`` when all of this is true. Otherwise nothing changes.

- ``AWS_ENDPOINT_URL``, or the service's own ``AWS_ENDPOINT_URL_STS``, is a local cloud's: ``http://127.0.0.1:PORT``.
- The explicit endpoint is a host of AWS. An endpoint of anything else is what its user wants.
- The client signs with a key of the local cloud. AWS would refuse it. A client with another key, for instance of a
  profile, goes where it would have gone without this module.

Example::

    >>> account_of("ASIAY34FZKBOKMUTVV7A")
    '609629065308'
    >>> is_local_key("local"), is_local_key("AKIAIOSFODNN7EXAMPLE"), is_local_key(None)
    (True, False, False)

botocore has such plugins since 1.40 (August 2025). Older ones ignore the variable.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

ROOT_KEY = "local"  #: the access key of the local cloud's root user
ACCOUNT = "123456789012"  #: the local cloud's account; AWS documents it as an example, and gives it to nobody
LOOPBACK = ("127.0.0.1", "localhost")
DOMAINS = (".amazonaws.com", ".api.aws")  #: those of the partition aws, in which the local cloud is
ENDPOINT = "SDK::Endpoint"  # botocore's name for the endpoint that a client was given


def initialize_client_plugin(client: Any) -> None:
    """Prepare a new client. botocore calls this.

    The endpoint is exchanged before the request is made and signed, so buckets in host names and presigned URLs are
    right too.
    """
    service = client.meta.service_model.service_id
    here = local_endpoint(os.environ, str(service))
    if here is None:
        return

    def lead(builtins: dict[str, Any], **others: Any) -> None:
        if is_host_of_aws(builtins.get(ENDPOINT)) and is_local_key(_key(client)):
            builtins[ENDPOINT] = here

    client.meta.events.register(f"before-endpoint-resolution.{service.hyphenize()}", lead)


def local_endpoint(variables: Mapping[str, str], service: str) -> str | None:
    """The endpoint of the local cloud for a service; None if the variables lead elsewhere, or nowhere.

    >>> local_endpoint({"AWS_ENDPOINT_URL": "http://127.0.0.1:5566"}, "STS")
    'http://127.0.0.1:5566'
    >>> local_endpoint({"AWS_ENDPOINT_URL": "https://sts.us-east-1.amazonaws.com"}, "STS")
    """
    if variables.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "").lower() == "true":
        return None
    own = f"AWS_ENDPOINT_URL_{service.replace(' ', '_').upper()}"
    found = variables.get(own) or variables.get("AWS_ENDPOINT_URL") or ""
    return found if urlsplit(found).scheme == "http" and urlsplit(found).hostname in LOOPBACK else None


def is_host_of_aws(endpoint: str | None) -> bool:
    """Whether an endpoint is one of AWS's own.

    >>> is_host_of_aws("https://sts.us-east-1.amazonaws.com"), is_host_of_aws("https://amazonaws.com.example.org")
    (True, False)
    """
    host = urlsplit(endpoint or "").hostname or ""
    return host.endswith(DOMAINS)


def is_local_key(key: str | None) -> bool:
    """Whether an access key is one of the local cloud: its root user's, a user's or a session's."""
    return key == ROOT_KEY or (key is not None and account_of(key) == ACCOUNT)


def account_of(key: str) -> str | None:
    """The account that an access key names, as AWS's and the local cloud's do; None if it names none.

    Forty bits after the four letters of its kind are the account's number.
    """
    try:
        bits = int.from_bytes(base64.b32decode(key[4:20])[:6], "big")
    except ValueError:
        return None
    return f"{(bits >> 7) & ((1 << 40) - 1):012d}" if len(key) >= 20 else None


def _key(client: Any) -> str | None:
    """The access key with which a client signs; None if it signs nothing."""
    from botocore import UNSIGNED

    credentials = client._request_signer._credentials
    if credentials is None or client.meta.config.signature_version is UNSIGNED:
        return None
    return credentials.access_key
