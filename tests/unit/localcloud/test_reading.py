"""What an address means is remembered, and everything else about a request is read each time."""

from __future__ import annotations

import gzip
import io
from typing import Any

import pytest
from moto.core.utils import get_service_model
from werkzeug.exceptions import NotFound

from localcloud.reading import Buffered, parsed

INVOKE = "/2015-03-31/functions/f/invocations"


def request(address: str, body: bytes = b"{}", method: str = "POST", **headers: str) -> Buffered:
    path, _, query = address.partition("?")
    environ: dict[str, Any] = {"REQUEST_METHOD": method, "PATH_INFO": path, "RAW_URI": address, "QUERY_STRING": query}
    return Buffered({**environ, "HTTP_HOST": "localhost:5566", "wsgi.input": io.BytesIO(body), **headers})


def test_the_same_address_with_another_query_header_and_body_is_another_request():
    event = request(INVOKE, b"1", HTTP_X_AMZ_INVOCATION_TYPE="Event")
    assert parsed(event, "lambda") == ("Invoke", {"FunctionName": "f", "InvocationType": "Event", "Payload": b"1"})
    assert parsed(request(INVOKE, b"2"), "lambda")[1] == {"FunctionName": "f", "Payload": b"2"}
    assert parsed(request(f"{INVOKE}?Qualifier=live"), "lambda")[1]["Qualifier"] == "live"
    assert "Qualifier" not in parsed(request(INVOKE), "lambda")[1]


def test_what_is_done_with_the_parameters_of_one_request_does_not_change_those_of_the_next():
    found = parsed(request(INVOKE), "lambda")[1]
    found["FunctionName"] = "g"
    assert parsed(request(INVOKE), "lambda")[1]["FunctionName"] == "f"


def test_the_target_tells_the_operation():
    kind = {"CONTENT_TYPE": "application/x-amz-json-1.0"}
    for name in ("ListStateMachines", "ListActivities"):
        assert parsed(request("/", HTTP_X_AMZ_TARGET=f"AWSStepFunctions.{name}", **kind), "stepfunctions")[0] == name
    with pytest.raises(NotFound):
        parsed(request("/", **kind), "stepfunctions")


@pytest.mark.parametrize("service", ["lambda", "sagemaker-runtime", "scheduler", "xray"])
def test_no_header_chooses_among_operations_of_one_address(service):
    model = get_service_model(service)
    known: dict[tuple[str, str], int] = {}
    headers = set()
    for operation in map(model.operation_model, model.operation_names):
        place = operation.http["method"], operation.http["requestUri"].partition("?")[0]
        known[place] = known.get(place, 0) + 1
        shape = operation.input_shape
        members = shape.members if shape else {}
        if any(members[name].serialization.get("location") == "header" for name in shape.required_members or ()):
            headers.add(place)
    assert not [place for place in headers if known[place] > 1]


def test_the_body_can_be_read_again_after_a_form_was_read():
    body = b"Action=ListUsers&Version=2010-05-08&MaxItems=5"
    sent = request("/", body, CONTENT_TYPE="application/x-www-form-urlencoded")
    assert parsed(sent, "iam") == ("ListUsers", {"MaxItems": 5})
    assert sent.environ["wsgi.input"].read() == body


def test_a_compressed_body_is_read_and_stays_as_it_was_sent():
    body = gzip.compress(b"Action=ListUsers&Version=2010-05-08")
    sent = request("/", body, CONTENT_TYPE="application/x-www-form-urlencoded", HTTP_CONTENT_ENCODING="gzip")
    assert parsed(sent, "iam")[0] == "ListUsers"
    assert sent.environ["wsgi.input"].read() == body
