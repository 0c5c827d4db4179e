"""The local cloud refuses web pages, foreign host names, and requests without a valid signature."""

from __future__ import annotations

import http.client
import json
import socket
import stat
import uuid
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from localcloud import control

from .conftest import eventually


def ask(cloud: Any, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", cloud.running.port, timeout=60)
    connection.request(method, path, body=body, headers=headers)
    answer = connection.getresponse()
    found = answer.status, answer.read()
    connection.close()
    return found


FOREIGN = {
    "a page's fetch": {"Origin": "http://evil.example"},
    "a page without an origin": {"Origin": "null"},
    "a page's image": {"Sec-Fetch-Site": "cross-site"},
    "a page of another port": {"Sec-Fetch-Site": "same-site"},
    "a page that the cloud itself has shown": {"Sec-Fetch-Site": "same-origin"},
    "a rebound name": {"Host": "evil.example:5566"},
    "a name that ends as this machine's": {"Host": "127.0.0.1.evil.example"},
    "a name that begins as this machine's": {"Host": "localhost.evil.example"},
    "another address": {"Host": "192.0.2.1"},
    "no name": {"Host": ""},
}


@pytest.mark.parametrize("path", ["/", "/moto-api/reset", "/latest/meta-data/", "/bucket/key", control.IDENTITY_PATH])
@pytest.mark.parametrize("name", FOREIGN)
def test_a_web_page_and_a_foreign_name_are_refused_on_every_path_and_logged(cloud, name, path):
    marked = f"{path}?{uuid.uuid4().hex}"
    status, body = ask(cloud, "POST", marked, FOREIGN[name], b"{}")
    assert status == 403
    words = json.loads(body)["message"]
    assert "web page" in words or "host name" in words
    log = cloud.state / control.LOG
    eventually(lambda: f"refused (AccessDenied): {words}" in log.read_text())
    eventually(lambda: f" 403 - POST {path} " in log.read_text())


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST", "[::1]", "bucket.localhost"])
def test_this_machines_own_names_are_answered(cloud, host):
    assert ask(cloud, "GET", control.IDENTITY_PATH, {"Host": f"{host}:{cloud.running.port}"})[0] == 200


@pytest.mark.parametrize(
    "path", ["/moto-api", "/moto-api/", "/moto-api/reset", "/moto-api/recorder/replay-recording", "/moto-api/data.json"]
)
def test_moto_has_no_pages_here(cloud, path):
    cloud.client("s3").create_bucket(Bucket="tests-still-there")
    for method in ("GET", "POST"):
        assert ask(cloud, method, path, {})[0] == 404
    cloud.client("s3").head_bucket(Bucket="tests-still-there")
    cloud.client("s3").delete_bucket(Bucket="tests-still-there")


def test_a_request_cannot_forge_a_line_of_the_log(cloud):
    mark = uuid.uuid4().hex
    ask(cloud, "GET", f"/{mark}%0A2026-01-01T00:00:00.000+00:00%20200%20s3%20FORGED%1b[31m", {})
    log = cloud.state / control.LOG
    eventually(lambda: mark in log.read_text())
    assert not [line for line in log.read_text().splitlines() if line.startswith("2026-01-01T00:00:00.000")]
    assert "\x1b" not in log.read_text()


@pytest.mark.parametrize("name", ["latest", "moto-api"])
def test_a_bucket_is_a_bucket_whatever_its_name(cloud, name):
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket=name)
    for key in ("meta-data/iam/security-credentials/", "api/token", "reset"):
        s3.put_object(Bucket=name, Key=key, Body=b"mine")
        assert s3.get_object(Bucket=name, Key=key)["Body"].read() == b"mine"
        assert ask(cloud, "GET", f"/{name}/{key}", {})[0] in (403, 404), "nobody may read it without a key"
        assert ask(cloud, "DELETE", f"/{name}/{key}", {})[0] in (403, 404)
        url = s3.generate_presigned_url("get_object", Params={"Bucket": name, "Key": key}).removeprefix(cloud.endpoint)
        assert ask(cloud, "GET", url, {}) == (200, b"mine")
        s3.delete_object(Bucket=name, Key=key)
    s3.delete_bucket(Bucket=name)


@pytest.mark.parametrize(
    ("service", "call", "code", "status"),
    [
        ("s3", "list_buckets", "SignatureDoesNotMatch", 403),
        ("iam", "list_roles", "SignatureDoesNotMatch", 403),
        ("sagemaker", "list_models", "InvalidSignatureException", 400),
        ("lambda", "list_functions", "InvalidSignatureException", 403),
        ("ec2", "describe_vpcs", "AuthFailure", 401),
    ],
)
@pytest.mark.parametrize("secret", ["local", "another"])
def test_the_root_key_without_its_secret_opens_nothing(cloud, service, call, code, status, secret):
    client = boto3.client(
        service,
        endpoint_url=cloud.endpoint,
        region_name="us-east-1",
        aws_access_key_id=cloud.running.access_key_id,
        aws_secret_access_key=secret,
        config=Config(retries={"total_max_attempts": 1}),
    )
    with pytest.raises(ClientError) as refused:
        getattr(client, call)()
    answer = refused.value.response
    assert (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]) == (code, status)


def test_a_key_in_a_pages_address_signs_nothing(cloud):
    """A form can post to ``?delete`` without a header, so the browser does not ask first."""
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="tests-form")
    s3.put_object(Bucket="tests-form", Key="a", Body=b"mine")
    address = f"/tests-form?delete&X-Amz-Credential={cloud.running.access_key_id}/20260102/us-east-1/s3/aws4_request"
    status, _ = ask(cloud, "POST", address, {}, b"<Delete><Object><Key>a</Key></Object></Delete>")
    assert status == 400
    assert s3.get_object(Bucket="tests-form", Key="a")["Body"].read() == b"mine"


def test_the_clouds_folder_and_its_keys_are_its_owners(cloud):
    assert stat.S_IMODE(cloud.state.stat().st_mode) == 0o700
    assert stat.S_IMODE((cloud.state / control.ADDRESS).stat().st_mode) == 0o600
    assert cloud.running.secret_access_key not in repr(cloud.running)
    assert cloud.running.secret_access_key not in (cloud.state / control.LOG).read_text()


def test_a_presigned_url_opens_one_object_for_its_time(cloud):
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="tests-presigned")
    s3.put_object(Bucket="tests-presigned", Key="a", Body=b"mine")
    given = {"Bucket": "tests-presigned", "Key": "a"}
    path = s3.generate_presigned_url("get_object", Params=given, ExpiresIn=60).removeprefix(cloud.endpoint)
    assert ask(cloud, "GET", path, {}) == (200, b"mine")
    assert ask(cloud, "DELETE", path, {})[0] == 403
    assert ask(cloud, "GET", path.replace("/a?", "/b?"), {})[0] == 403
    ended = s3.generate_presigned_url("get_object", Params=given, ExpiresIn=-1).removeprefix(cloud.endpoint)
    status, body = ask(cloud, "GET", ended, {})
    assert status in (400, 403)
    assert b"<Error>" in body


EVIL = b"GET /_local-cloud HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: http://evil.example\r\n"


@pytest.mark.parametrize(
    "request_sent",
    [
        EVIL + b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: AAAA\r\n\r\n",
        EVIL + b"Upgrade: h2c\r\n\r\n",
        b"GET http://evil.example/_local-cloud HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET /_local-cloud HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\n\r\n",
        b"GET /_local-cloud HTTP/1.0\r\n\r\n",
        b"CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: 127.0.0.1:22\r\nOrigin: null\r\n\r\n",
    ],
)
def test_an_upgrade_a_proxys_request_and_two_names_pass_no_door(cloud, request_sent):
    assert sent(cloud, request_sent).split()[1] in (b"400", b"403")


@pytest.mark.parametrize(
    "first",
    [
        b"GET /_local-cloud HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"POST /_local-cloud HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 3\r\n\r\nabc",
        b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
)
def test_a_second_request_on_a_connection_passes_the_door_itself(cloud, first):
    """Also one that a body seems to hide: it is not taken for a part of the first one's answer."""
    answers = sent(cloud, first + EVIL + b"\r\n").split(b"HTTP/1.1 ")[1:]
    assert not any(answer.startswith(b"200") for answer in answers[1:])


def sent(cloud: Any, request: bytes) -> bytes:
    """All that the cloud answers to the bytes of one or more requests."""
    with socket.create_connection(("127.0.0.1", cloud.running.port), timeout=60) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        found = b""
        while part := connection.recv(65_536):
            found += part
    return found
