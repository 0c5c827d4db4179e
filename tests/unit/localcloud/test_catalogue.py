"""A request of a service that is not there is named by botocore's models: its service and its operation."""

from __future__ import annotations

import io
from typing import Any

import pytest
from moto.core.request import Request as HttpRequest
from moto.core.utils import get_service_model

from localcloud import catalogue, fidelity


def asked(signed_for: str | None, *, target: str = "", path: str = "/", method: str = "POST", **more: Any) -> Any:
    """What a request asks for, by the service in its signature."""
    environ = {"REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": "", "SERVER_NAME": "a", "SERVER_PORT": "1"}
    environ |= {"wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(), **more}
    if signed_for:
        scope = f"local/20260102/us-east-1/{signed_for}/aws4_request"
        environ["HTTP_AUTHORIZATION"] = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"
    if target:
        environ["HTTP_X_AMZ_TARGET"] = target
    return catalogue.asked_of(HttpRequest(environ))


@pytest.mark.parametrize(
    ("found", "request_"),
    [
        (("pipes", "CreatePipe"), {"signed_for": "pipes", "path": "/v1/pipes/a"}),
        (("bedrock-agent", "ListAgents"), {"signed_for": "bedrock", "path": "/agents/"}),
        (
            ("dynamodbstreams", "ListStreams"),
            {"signed_for": "dynamodb", "target": "DynamoDBStreams_20120810.ListStreams"},
        ),
        (("rds", "DescribeDBInstances"), {"signed_for": "rds", "QUERY_STRING": "Action=DescribeDBInstances"}),
        (
            ("sagemaker-featurestore-runtime", "GetRecord"),
            {"signed_for": "sagemaker", "path": "/FeatureGroup/a", "method": "GET"},
        ),
        (("eventbridgev2", "PutEvents"), {"signed_for": "events", "path": "/service/EVENTS/operation/PutEvents"}),
        (("cognito-idp", "SignUp"), {"signed_for": None, "target": "AWSCognitoIdentityProviderService.SignUp"}),
        (("pipes", "DELETE /no/such/path"), {"signed_for": "pipes", "path": "/no/such/path", "method": "DELETE"}),
        (("nothing-of-aws", "POST /"), {"signed_for": "nothing-of-aws"}),
    ],
)
def test_a_request_says_its_service_and_its_operation(found: tuple[str, str], request_: dict[str, Any]) -> None:
    if found[0] == "eventbridgev2":
        prefix = get_service_model("eventbridgev2").metadata["targetPrefix"]
        request_ = {**request_, "path": f"/service/{prefix}/operation/PutEvents"}
    given = dict(request_)
    assert asked(given.pop("signed_for"), **given) == found


def test_a_request_that_names_no_service_is_not_named() -> None:
    assert asked(None) is None


def test_signatures_for_services_that_are_there_are_known() -> None:
    signed = {one.name: one.signed_for for one in catalogue.models()}
    assert {signed[name] for name in fidelity.TABLE} | {"s3express", "s3-object-lambda"} == catalogue.SIGNED_FOR


def test_every_model_of_botocore_says_how_its_service_is_signed() -> None:
    assert len(catalogue.models()) > 400
    assert [one.name for one in catalogue.models() if not one.signed_for] == []
