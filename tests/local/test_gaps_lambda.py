"""Lambda's configuration works as AWS documents, also where moto lacks it."""

from __future__ import annotations

import io
import json
import re
import stat
import urllib.error
import urllib.request
import zipfile
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.exceptions import ClientError

from .conftest import package

CODE = "def handler(event, context): pass"


# lambda_/gaps/quotas.py


TAGS = {f"tag-{number}": "" for number in range(50)}


@pytest.mark.parametrize(
    "given",
    [
        {"Timeout": 901},
        {"MemorySize": 10_241},
        {"Tags": {**TAGS, "one-more": ""}},
        {"Tags": {"aws:mine": "x"}},
        {"Tags": {"AWS:mine": "x"}},
        {"Tags": {"k" * 129: "x"}},
    ],
)
def test_what_is_beyond_a_quota_is_refused_and_changes_nothing(cloud, function, given):
    client, arn = cloud.client("lambda"), function(CODE)
    before = client.get_function(FunctionName=arn)["Configuration"]
    refused = pytest.raises(client.exceptions.InvalidParameterValueException)
    with refused:
        function(CODE, **given)
    with refused:
        if "Tags" in given:
            client.tag_resource(Resource=arn, **given)
        else:
            client.update_function_configuration(FunctionName=arn, **given)
    assert client.get_function(FunctionName=arn)["Configuration"] == before
    assert client.list_tags(Resource=arn)["Tags"] == {}


def test_what_a_quota_allows_is_taken(cloud, function):
    client, arn = cloud.client("lambda"), function(CODE, Timeout=900, MemorySize=10_240, Tags=TAGS)
    client.tag_resource(Resource=arn, Tags={"tag-1": "changed"})
    with pytest.raises(client.exceptions.InvalidParameterValueException, match="at most 50 tags"):
        client.tag_resource(Resource=arn, Tags={"one-more": ""})
    assert client.list_tags(Resource=arn)["Tags"] == {**TAGS, "tag-1": "changed"}


def test_a_hundred_concurrent_executions_stay_unreserved(cloud, function):
    client, one, other = cloud.client("lambda"), function(CODE), function(CODE)
    client.put_function_concurrency(FunctionName=one, ReservedConcurrentExecutions=500)
    client.put_function_concurrency(FunctionName=one, ReservedConcurrentExecutions=600)
    with pytest.raises(client.exceptions.InvalidParameterValueException, match=r"below its minimum value of \[100\]"):
        client.put_function_concurrency(FunctionName=other, ReservedConcurrentExecutions=301)
    assert "ReservedConcurrentExecutions" not in client.get_function_concurrency(FunctionName=other)
    client.delete_function_concurrency(FunctionName=one)
    client.put_function_concurrency(FunctionName=other, ReservedConcurrentExecutions=301)


# lambda_/gaps/layers.py


@pytest.fixture(scope="module")
def layers(cloud):
    """Publishes versions of layers: ``layers("one", "one", "two")`` returns their ARNs."""

    def publish(*names, content=b"WHO = 1"):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            archive.writestr("python/shared.py", content)
        given = {"Content": {"ZipFile": buffer.getvalue()}}
        client = cloud.client("lambda")
        return [client.publish_layer_version(LayerName=f"tests-{name}", **given)["LayerVersionArn"] for name in names]

    return publish


def test_layers_that_lambda_does_not_take_together_are_refused_and_change_nothing(cloud, function, layers):
    client, arn = cloud.client("lambda"), function(CODE)
    six = layers("a", "b", "c", "d", "e", "f")
    client.update_function_configuration(FunctionName=arn, Layers=six[:5])
    for wrong, said in (
        (six, r"Cannot reference more than 5 layers\."),
        ([six[0], *layers("a")], "Two different versions of the same layer"),
        ([six[0], six[0]], "Two different versions of the same layer"),
        ([f"{six[0]}9"], r"Layer version .* does not exist\."),
        ([six[0].replace("us-east-1", "eu-west-1")], "own account and region only"),
        ([six[0].replace("123456789012", "210987654321")], "own account and region only"),
    ):
        for refused in (
            lambda wrong=wrong: client.update_function_configuration(FunctionName=arn, Layers=wrong),
            lambda wrong=wrong: function(CODE, Layers=wrong),
        ):
            with pytest.raises(client.exceptions.InvalidParameterValueException, match=said):
                refused()
    found = client.get_function_configuration(FunctionName=arn)
    assert [layer["Arn"] for layer in found["Layers"]] == six[:5]


def test_code_and_layers_are_small_enough_together_once_they_are_unzipped(cloud, function, layers):
    client, arn = cloud.client("lambda"), function(CODE)
    half = layers("half", "other-half", content=bytes(140_000_000))
    client.update_function_configuration(FunctionName=arn, Layers=half[:1])
    with pytest.raises(client.exceptions.InvalidParameterValueException, match=r"actual size is 2800000\d\d bytes\."):
        client.update_function_configuration(FunctionName=arn, Layers=half)
    client.update_function_configuration(FunctionName=arn, Layers=[])


# lambda_/gaps/configuration.py


def test_the_logging_configuration_has_awss_defaults(cloud, function):
    client, arn = cloud.client("lambda"), function(CODE)
    name = arn.rpartition(":")[2]
    found = client.get_function_configuration(FunctionName=arn)
    assert found["LoggingConfig"] == {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{name}"}
    client.update_function_configuration(FunctionName=arn, LoggingConfig={"LogFormat": "JSON"})
    found = client.get_function_configuration(FunctionName=arn)
    assert found["LoggingConfig"] == {
        "LogFormat": "JSON",
        "LogGroup": f"/aws/lambda/{name}",
        "ApplicationLogLevel": "INFO",
        "SystemLogLevel": "INFO",
    }


@pytest.mark.parametrize("level", ["ApplicationLogLevel", "SystemLogLevel"])
def test_log_levels_are_for_the_json_format(cloud, function, level):
    client = cloud.client("lambda")
    arn = function(CODE, LoggingConfig={"LogFormat": "JSON", level: "WARN"})
    for logging in ({"LogFormat": "Text", level: "WARN"}, {level: "WARN"}):
        with pytest.raises(client.exceptions.InvalidParameterValueException, match="LogLevel is not supported when"):
            client.update_function_configuration(FunctionName=arn, LoggingConfig=logging, Timeout=9)
        with pytest.raises(client.exceptions.InvalidParameterValueException, match="LogLevel is not supported when"):
            function(CODE, LoggingConfig=logging)
    found = client.get_function_configuration(FunctionName=arn)
    assert (found["LoggingConfig"][level], found["Timeout"]) == ("WARN", 20)


def test_every_part_of_the_configuration_is_kept_and_updated(cloud, function):
    """Terraform sends these settings and reads them back. If one is missing, every plan shows a change."""
    first = {
        "DeadLetterConfig": {"TargetArn": "arn:aws:sqs:us-east-1:123456789012:first"},
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": "/tests/first"},
        "TracingConfig": {"Mode": "Active"},
        "EphemeralStorage": {"Size": 1024},
        "KMSKeyArn": "arn:aws:kms:us-east-1:123456789012:key/first",
    }
    second = {
        "DeadLetterConfig": {"TargetArn": "arn:aws:sqs:us-east-1:123456789012:second"},
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": "/tests/second"},
        "TracingConfig": {"Mode": "PassThrough"},
        "EphemeralStorage": {"Size": 512},
        "KMSKeyArn": "arn:aws:kms:us-east-1:123456789012:key/second",
    }
    for name in ("first", "second"):
        cloud.client("sqs").create_queue(QueueName=name)
    client, arn = cloud.client("lambda"), function(CODE, **first)
    found = client.get_function_configuration(FunctionName=arn)
    assert {name: found[name] for name in first} == first
    client.update_function_configuration(FunctionName=arn, **second)
    found = client.get_function_configuration(FunctionName=arn)
    assert {name: found[name] for name in second} == second


def test_a_second_event_invoke_configuration_replaces_the_first(cloud, function):
    client, arn = cloud.client("lambda"), function(CODE)
    for attempts in (2, 0):
        client.put_function_event_invoke_config(FunctionName=arn, MaximumRetryAttempts=attempts)
    assert client.get_function_event_invoke_config(FunctionName=arn)["MaximumRetryAttempts"] == 0


# lambda_/gaps/revisions.py


def test_an_update_of_a_revision_that_is_not_the_latest_is_refused(cloud, function):
    client, arn = cloud.client("lambda"), function(CODE)
    first = client.get_function_configuration(FunctionName=arn)["RevisionId"]
    assert client.get_function(FunctionName=arn)["Configuration"]["RevisionId"] == first
    updated = client.update_function_configuration(FunctionName=arn, Timeout=7, RevisionId=first)
    assert updated["RevisionId"] == client.get_function_configuration(FunctionName=arn)["RevisionId"] != first
    for method, given in (
        ("update_function_configuration", {"Timeout": 8}),
        ("update_function_code", {"ZipFile": package("def handler(event, context): return 1")}),
        ("publish_version", {}),
    ):
        with pytest.raises(client.exceptions.PreconditionFailedException, match="does not match the latest Revision"):
            getattr(client, method)(FunctionName=arn, RevisionId=first, **given)
    found = client.get_function_configuration(FunctionName=arn)
    assert (found["Timeout"], found["CodeSha256"]) == (7, updated["CodeSha256"])


def test_a_version_is_published_of_the_code_that_is_named(cloud, function):
    client, arn = cloud.client("lambda"), function(CODE)
    code = client.get_function_configuration(FunctionName=arn)["CodeSha256"]
    with pytest.raises(client.exceptions.InvalidParameterValueException, match="is different from current CodeSHA256"):
        client.publish_version(FunctionName=arn, CodeSha256="other")
    assert client.publish_version(FunctionName=arn, CodeSha256=code)["Version"] == "1"


# lambda_/gaps/code.py


def test_a_functions_code_is_the_version_of_the_object_that_is_named(cloud, function, role):
    s3, client = cloud.client("s3"), cloud.client("lambda")
    s3.create_bucket(Bucket="tests-code-versions")
    s3.put_bucket_versioning(Bucket="tests-code-versions", VersioningConfiguration={"Status": "Enabled"})
    first, second = (
        s3.put_object(
            Bucket="tests-code-versions", Key="f.zip", Body=package(f"def handler(event, context): return {number}")
        )["VersionId"]
        for number in (1, 2)
    )
    place = {"S3Bucket": "tests-code-versions", "S3Key": "f.zip"}
    given = {"Runtime": "python3.13", "Handler": "handler.handler", "Role": role}
    arn = client.create_function(FunctionName="tests-code-versions", Code={**place, "S3ObjectVersion": first}, **given)[
        "FunctionArn"
    ]
    assert json.loads(client.invoke(FunctionName=arn)["Payload"].read()) == 1
    client.update_function_code(FunctionName=arn, **place, S3ObjectVersion=second)
    assert json.loads(client.invoke(FunctionName=arn)["Payload"].read()) == 2
    with pytest.raises(client.exceptions.InvalidParameterValueException, match="Error Code: NoSuch"):
        client.update_function_code(FunctionName=arn, **place, S3ObjectVersion="none")
    client.delete_function(FunctionName=arn)


def test_an_update_of_the_code_changes_the_architecture(cloud, function):
    client, arn = cloud.client("lambda"), function(CODE)
    assert client.get_function_configuration(FunctionName=arn)["Architectures"] == ["x86_64"]
    assert client.update_function_code(FunctionName=arn, ZipFile=package(CODE), Architectures=["arm64"])[
        "Architectures"
    ] == ["arm64"]
    assert client.get_function_configuration(FunctionName=arn)["Architectures"] == ["arm64"]


# lambda_variables


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"AWS_REGION": "x", "_HANDLER": "y"}, "Reserved keys used in this request: AWS_REGION, _HANDLER"),
        ({"1bad-name": "x"}, r"regular expression pattern: \[a-zA-Z\]\(\[a-zA-Z0-9_\]\)\+"),
        ({"A": "one letter"}, "regular expression pattern"),
        ({"A1": "x" * 4088}, "exceeded the 4KB limit"),
        ({"A1": "é" * 2048}, "exceeded the 4KB limit"),
        ({"A1": "a\0b", "A2": "\ud800"}, r"not text without the character U\+0000: A1, A2"),
        ({"AWS_LAMBDA_EXEC_WRAPPER": "/opt/wrapper"}, "does not support the environment variable AWS_LAMBDA_EXEC_WRAP"),
        ({"PYTHONPATH": "/opt/x", "PYTHONOPTIMIZE": "1"}, "does not support the environment variable PYTHONOPTIMIZE"),
    ],
)
def test_variables_that_lambda_does_not_take_are_refused_and_change_nothing(cloud, function, variables, said):
    client, environment = cloud.client("lambda"), {"Variables": variables}
    arn = function(CODE, Environment={"Variables": {"KEPT": "1"}})
    with pytest.raises(ClientError, match=said) as refused:
        client.update_function_configuration(FunctionName=arn, Environment=environment, Timeout=7)
    assert refused.value.response["Error"]["Code"] == "InvalidParameterValueException"
    found = client.get_function_configuration(FunctionName=arn)
    assert (found["Environment"]["Variables"], found["Timeout"]) == ({"KEPT": "1"}, 20)
    with pytest.raises(client.exceptions.InvalidParameterValueException, match=said):
        function(CODE, FunctionName="refused", Environment=environment)


def test_a_handler_that_no_environment_can_hold_is_refused(cloud, function):
    client = cloud.client("lambda")
    with pytest.raises(client.exceptions.InvalidParameterValueException, match=r"without the character U\+0000"):
        function(CODE, Handler="handler.\0")


def test_variables_up_to_the_limit_are_taken(cloud, function):
    value = "x" * (4096 - len('{"A1":""}'))
    arn = function(
        "import os\ndef handler(event, context): return len(os.environ['A1'])", Environment={"Variables": {"A1": value}}
    )
    answer = cloud.client("lambda").invoke(FunctionName=arn)
    assert json.loads(answer["Payload"].read()) == len(value)


# lambda_code


def linked(links, files):
    """A zip with symbolic links and files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, place in links.items():
            entry = zipfile.ZipInfo(name)
            entry.create_system, entry.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
            archive.writestr(entry, place)
        for name, text in files.items():
            archive.writestr(name, text)
    return buffer.getvalue()


def test_a_link_in_a_functions_zip_is_kept(cloud, function):
    client, arn = cloud.client("lambda"), function(CODE)
    code = linked({"handler.py": "real/main.py", "current": "real"}, {"real/main.py": LINKED})
    client.update_function_code(FunctionName=arn, ZipFile=code)
    assert json.loads(client.invoke(FunctionName=arn)["Payload"].read()) == ["main.py", True]


def described(client, arn):
    """The function's configuration, without what is the answer's own."""
    found = client.get_function_configuration(FunctionName=arn)
    return {name: value for name, value in found.items() if name != "ResponseMetadata"}


LINKED = """import os
def handler(event, context):
    return *os.listdir("current"), os.path.islink("handler.py")
"""


@pytest.mark.parametrize(
    "code",
    [
        b"no zip",
        linked({"out": "/etc"}, {"handler.py": CODE}),
        linked({"a": "..", "out": "a"}, {"handler.py": CODE}),
        linked({"a": "b"}, {"a/handler.py": CODE}),
    ],
)
def test_code_that_cannot_be_unpacked_is_refused_and_changes_nothing(cloud, function, role, code):
    client, arn = cloud.client("lambda"), function("def handler(event, context): return 'old'")
    before = described(client, arn)
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="bad-code")
    s3.put_object(Bucket="bad-code", Key="code.zip", Body=code)
    given = {"Runtime": "python3.13", "Handler": "handler.handler", "Role": role, "FunctionName": "never"}
    stored = {"S3Bucket": "bad-code", "S3Key": "code.zip"}
    for ask in (
        lambda: client.create_function(Code={"ZipFile": code}, **given),
        lambda: client.create_function(Code=stored, **given),
        lambda: client.update_function_code(FunctionName=arn, ZipFile=code),
        lambda: client.update_function_code(FunctionName=arn, **stored),
        lambda: client.publish_layer_version(LayerName="never", Content={"ZipFile": code}),
    ):
        with pytest.raises(client.exceptions.InvalidParameterValueException, match="Could not unzip uploaded file"):
            ask()
    assert described(client, arn) == before
    assert json.loads(client.invoke(FunctionName=arn)["Payload"].read()) == "old"
    assert "never" not in [one["LayerName"] for one in client.list_layers()["Layers"]]
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_function(FunctionName="never")


def test_code_that_is_not_in_s3_is_refused(cloud, function):
    client, arn = cloud.client("lambda"), function(CODE)
    cloud.client("s3").create_bucket(Bucket="no-code")
    for bucket, said in (("no-code", "NoSuchKey"), ("no-such-bucket", "NoSuchBucket")):
        with pytest.raises(client.exceptions.InvalidParameterValueException, match=said):
            client.update_function_code(FunctionName=arn, S3Bucket=bucket, S3Key="x.zip")


# lambda_/gaps/revisions.py and locations.py


def test_last_modified_and_the_revision_move_with_every_change_and_with_nothing_else(cloud, function):
    client, arn = cloud.client("lambda"), function(CODE)

    def seen() -> tuple[str, str]:
        found = client.get_function_configuration(FunctionName=arn)
        return found["LastModified"], found["RevisionId"]

    first = seen()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000", first[0])
    client.tag_resource(Resource=arn, Tags={"a": "b"})
    client.update_function_code(FunctionName=arn, ZipFile=package("x = 1"), DryRun=True)
    assert seen() == first
    client.update_function_configuration(FunctionName=arn, Timeout=9)
    second = seen()
    client.update_function_code(FunctionName=arn, ZipFile=package(CODE + "  # again"))
    third = seen()
    assert len({first, second, third}) == len({one[1] for one in (first, second, third)}) == 3
    assert first[0] < second[0] < third[0]


def test_a_functions_package_is_downloaded_from_its_location(cloud, function):
    client, arn = cloud.client("lambda"), function("x = 1")
    location = client.get_function(FunctionName=arn)["Code"]["Location"]
    assert downloaded(location) == "x = 1"
    assert parse_qs(urlsplit(location).query)["X-Amz-Expires"] == ["600"]
    version = client.publish_version(FunctionName=arn)["Version"]
    client.update_function_code(FunctionName=arn, ZipFile=package("x = 2"))
    assert downloaded(client.get_function(FunctionName=arn)["Code"]["Location"]) == "x = 2"
    assert downloaded(client.get_function(FunctionName=arn, Qualifier=version)["Code"]["Location"]) == "x = 1"
    # A link stays good after an update, and nobody can make one.
    assert downloaded(location) == "x = 1"
    for wrong in (location.replace("X-Amz-Expires=600", "X-Amz-Expires=6000"), location.partition("&")[0]):
        with pytest.raises(urllib.error.HTTPError, match=r"40[34]"):
            downloaded(wrong)


def test_a_package_from_s3_and_a_layers_are_downloaded_too(cloud, function):
    s3, client = cloud.client("s3"), cloud.client("lambda")
    s3.create_bucket(Bucket="tests-locations")
    s3.put_object(Bucket="tests-locations", Key="code.zip", Body=package("x = 3"))
    arn = function(CODE)
    client.update_function_code(FunctionName=arn, S3Bucket="tests-locations", S3Key="code.zip")
    s3.delete_object(Bucket="tests-locations", Key="code.zip")
    assert downloaded(client.get_function(FunctionName=arn)["Code"]["Location"]) == "x = 3"
    published = client.publish_layer_version(LayerName="tests-locations", Content={"ZipFile": package("y = 4")})
    found = client.get_layer_version(LayerName="tests-locations", VersionNumber=published["Version"])
    assert downloaded(published["Content"]["Location"]) == downloaded(found["Content"]["Location"]) == "y = 4"


def downloaded(url: str) -> str:
    """The handler in the zip at a URL."""
    with urllib.request.urlopen(url, timeout=60) as answer, zipfile.ZipFile(io.BytesIO(answer.read())) as archive:
        return archive.read("handler.py").decode()
