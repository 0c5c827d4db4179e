"""Every parameter that a derivation needs arrives: the judge reads boto3's request as it was made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest
from botocore.config import Config
from moto.core.request import Request

from localcloud.iam.evaluation import Access
from localcloud.reading import Buffered, parsed
from localcloud.s3.conditions import HEADERS, LOCKS

from .samples import REGION, TABLES, derive, model, parameters


class Sent(Exception):
    """Stops boto3 before it sends. Holds the request."""

    def __init__(self, request: AWSPreparedRequest) -> None:
        super().__init__(request.url)
        self.request = request


def client(table: str) -> Any:
    """boto3's client for a table's service. It sends nothing."""
    made = boto3.client(
        model(table).service_name,
        region_name=REGION,
        endpoint_url="http://127.0.0.1:1",
        aws_access_key_id="AKIAEXAMPLE",
        aws_secret_access_key="secret",
        config=Config(parameter_validation=False, inject_host_prefix=False),
    )

    def stop(request: AWSPreparedRequest, **_: Any) -> None:
        raise Sent(request)

    made.meta.events.register("before-send", stop)
    return made


def sent(client: Any, operation: str, given: Mapping[str, Any]) -> Request:
    """An operation's request from boto3, as the local cloud's server reads it."""
    method = next(name for name, one in client.meta.method_to_api_mapping.items() if one == operation)
    with pytest.raises(Sent) as caught:
        getattr(client, method)(**given)
    request = caught.value.request
    return Request.from_primitives(request.method, request.url, request.headers, request.body)


def needs(found: list[Access]) -> list[tuple[Any, ...]]:
    # What boto3's headers say and no parameter does.
    passing = {"aws:currenttime", "aws:epochtime", "aws:useragent", "s3:signatureage"}
    passing |= {"s3:authtype", "s3:signatureversion", *(f"s3:{name}" for name in (*HEADERS, *LOCKS))}
    return [(one.action, one.resources, {k: v for k, v in one.context.items() if k not in passing}) for one in found]


@pytest.mark.parametrize("table", sorted(TABLES))
def test_a_request_needs_the_same_on_the_wire_as_asked(table):
    differing, caller = [], client(table)
    for operation in TABLES[table]:
        for everything in (False, True):
            given = parameters(table, operation, everything=everything)
            http = sent(caller, operation, given)
            name, read = parsed(Buffered(http.environ), model(table).service_name)
            if name != operation:
                differing.append(f"{operation} is read as {name}")
                continue
            asked, arrived = needs(derive({}, table, operation, given)), needs(derive(http.environ, table, name, read))
            if asked != arrived:
                differing.append(f"{operation}: asked for {asked}, arrived as {arrived}")
    assert not differing, "\n".join(differing)
