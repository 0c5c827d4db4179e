"""Lambda in the local cloud really runs the handler, and reports its failures as AWS documents."""

from __future__ import annotations

import base64
import io
import json
import os
import re
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.lambda_ import packages

from .conftest import eventually, package


def invoke(cloud: Any, arn: str, event: Any = None, **options: Any) -> tuple[Any, dict[str, Any]]:
    answer = cloud.client("lambda").invoke(FunctionName=arn, Payload=json.dumps(event), **options)
    return json.loads(answer["Payload"].read() or "null"), answer


def log_lines(cloud: Any, group: str) -> list[str]:
    return [event["message"] for event in cloud.client("logs").filter_log_events(logGroupName=group)["events"]]


WHO = """
import os
calls = 0
def handler(event, context):
    global calls
    calls += 1
    return {"pid": os.getpid(), "calls": calls}
"""


def test_a_worker_is_reused_and_keeps_what_the_module_holds(cloud, function):
    arn = function(WHO)
    first, _ = invoke(cloud, arn)
    second, _ = invoke(cloud, arn)
    assert second == {"pid": first["pid"], "calls": 2}


def test_calls_at_the_same_time_run_in_processes_of_their_own(cloud, function):
    """Each call waits until another call runs too. With one shared worker, neither would end."""
    bucket = "tests-meeting-place"
    cloud.client("s3").create_bucket(Bucket=bucket)
    arn = function(
        "import os, time, boto3\n"
        "s3 = boto3.client('s3')\n"
        "def handler(event, context):\n"
        f"    s3.put_object(Bucket='{bucket}', Key=event['me'])\n"
        "    while context.get_remaining_time_in_millis() > 1000:\n"
        f"        if s3.list_objects_v2(Bucket='{bucket}')['KeyCount'] == 2:\n"
        "            return os.getpid()\n"
        "        time.sleep(0.02)\n"
    )
    with ThreadPoolExecutor(2) as pool:
        pids = list(pool.map(lambda me: invoke(cloud, arn, {"me": me})[0], ["a", "b"]))
    assert None not in pids
    assert len(set(pids)) == 2


def test_the_first_calls_of_a_cloud_may_come_together(tmp_path):
    """Six calls start at once, and the folder of the runtime's packages does not exist yet."""
    with ThreadPoolExecutor(6) as pool:
        for attempt in range(20):
            together, folder = threading.Barrier(6), tmp_path / str(attempt)
            calls = [pool.submit(lambda: (together.wait(), packages.runtime(folder))) for _ in range(6)]  # noqa: B023
            assert [call.result()[1] for call in calls] == [folder] * 6
            assert {link.name for link in folder.iterdir()} >= {"boto3", "botocore"}


def test_new_code_and_new_variables_replace_the_workers(cloud, function):
    client = cloud.client("lambda")
    arn = function("import os\ndef handler(event, context):\n    return os.environ.get('COLOUR')\n")
    assert invoke(cloud, arn)[0] is None
    client.update_function_configuration(FunctionName=arn, Environment={"Variables": {"COLOUR": "red"}})
    assert invoke(cloud, arn)[0] == "red"
    client.update_function_code(FunctionName=arn, ZipFile=package("def handler(event, context):\n    return 'new'\n"))
    assert invoke(cloud, arn)[0] == "new"


def test_workers_of_a_deleted_function_end(cloud, role):
    client = cloud.client("lambda")
    client.create_function(
        FunctionName="tests-short-lived",
        Runtime="python3.13",
        Handler="handler.handler",
        Role=role,
        Code={"ZipFile": package(WHO)},
    )
    pid = invoke(cloud, "tests-short-lived")[0]["pid"]
    client.delete_function(FunctionName="tests-short-lived")

    def is_gone() -> bool:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        return False

    eventually(is_gone)


def test_an_exception_is_an_unhandled_function_error_with_its_class_name(cloud, function):
    """errorType becomes the error's name in a state machine."""
    arn = function(
        "class ThresholdConfidenceNotMet(Exception): pass\n"
        "def check(event):\n"
        "    raise ThresholdConfidenceNotMet('0.6 is below 0.8')\n"
        "def handler(event, context):\n"
        "    return [event, check(event)]\n"
    )
    payload, answer = invoke(cloud, arn)
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    assert (payload["errorType"], payload["errorMessage"]) == ("ThresholdConfidenceNotMet", "0.6 is below 0.8")
    assert payload["stackTrace"] == [
        '  File "/var/task/handler.py", line 5, in handler\n    return [event, check(event)]\n',  # not underlined
        "  File \"/var/task/handler.py\", line 3, in check\n    raise ThresholdConfidenceNotMet('0.6 is below 0.8')\n",
    ]
    assert payload["requestId"]


RESULTS = """
import base64, collections, datetime, decimal, enum
Point = collections.namedtuple("Point", "x y")
class Colour(enum.IntEnum):
    RED = 1
class Named(list):
    def _asdict(self):
        return {"named": True}
round = {}
round["self"] = round
deep = []
for _ in range(900):
    deep = [deep]
RESULTS = {
    "bytes": b"\\xff[1]",
    "inside": {"image_data": base64.b64encode(b"hi"), b"key": "\u00e9\u2028"},
    "decimals": [decimal.Decimal("0.10"), decimal.Decimal("1E+3"), decimal.Decimal("NaN"), decimal.Decimal(7)],
    "tuples": [Point(1, Point(2, (3,))), Colour.RED],
    "keys": {1: 1, 1.5: 2, None: 3, True: 4},
    "not-utf8": {"a": b"\\xff"},
    "round": round,
    "time": datetime.datetime(2026, 1, 28),
    "key": {(1, 2): 3},
    "none": None,
    "named": Named([1]),
    "deep": deep,
}
def handler(event, context):
    return RESULTS[event]
"""


def test_a_result_is_written_as_awss_runtime_writes_it(cloud, function):
    """awslambdaric, lambda_runtime_marshaller.py: simplejson, Decimals by their own digits, bytes alone as they are."""
    arn = function(RESULTS)

    def written(what: str) -> bytes:
        answer = cloud.client("lambda").invoke(FunctionName=arn, Payload=json.dumps(what))
        return answer["Payload"].read()

    assert written("bytes") == b"\xff[1]"
    assert written("inside").decode() == '{"image_data": "aGk=", "key": "\u00e9\\u2028"}'
    assert written("decimals") == b"[0.10, 1E+3, NaN, 7]"
    assert written("tuples") == b'[{"x": 1, "y": {"x": 2, "y": [3]}}, 1]'
    assert written("keys") == b'{"1": 4, "1.5": 2, "null": 3}'
    assert written("none") == b"null"
    assert written("named") == b'{"named": true}'
    assert written("deep") == b"[" * 901 + b"]" * 901
    for what, words in (
        ("not-utf8", "'utf-8' codec can't decode byte 0xff"),
        ("round", "Circular reference detected"),
        ("time", "Object of type datetime is not JSON serializable"),
        ("key", "keys must be str, int, float, bool or None, not tuple"),
    ):
        fault = json.loads(written(what))
        assert fault["errorType"] == "Runtime.MarshalError"
        assert f"Unable to marshal response: {words}" in fault["errorMessage"]


@pytest.mark.parametrize(
    ("code", "error", "message"),
    [
        ("import nothing_such", "Runtime.ImportModuleError", "Unable to import module 'handler': No module named"),
        ("x = 1", "Runtime.HandlerNotFound", "Handler 'handler' missing on module 'handler'"),
        ("def handler(", "Runtime.UserCodeSyntaxError", "Syntax error in module 'handler'"),
        ("raise KeyError('MISSING')", "KeyError", "'MISSING'"),
        ("def handler(e, c): return {1}", "Runtime.MarshalError", "Unable to marshal response: Object of type set"),
        ("import os\ndef handler(e, c): os._exit(3)", "Runtime.ExitError", "Runtime exited with error: exit status 3"),
        (
            "import sys\ndef handler(e, c): sys.exit(0)",
            "Runtime.ExitError",
            "Runtime exited without providing a reason",
        ),
        ("def handler(e, c): return 'x' * 6_291_557", "Function.ResponseSizeTooLarge", "(6291556 bytes)"),
        ("import numpy\ndef handler(e, c): pass", "Runtime.ImportModuleError", "No module named 'numpy'"),
        ("import scones\ndef handler(e, c): pass", "Runtime.ImportModuleError", "No module named 'scones'"),
    ],
)
def test_failures_of_the_runtime_have_awss_names(cloud, function, code, error, message):
    payload, answer = invoke(cloud, function(code))
    assert answer["FunctionError"] == "Unhandled"
    assert payload["errorType"] == error
    assert message in payload["errorMessage"]


def test_a_function_that_takes_too_long_is_killed_and_the_next_call_gets_a_new_worker(cloud, function):
    arn = function(
        "import os, time\ndef handler(event, context):\n    if event: time.sleep(event)\n    return os.getpid()\n",
        Timeout=1,
    )
    before, _ = invoke(cloud, arn, 0)
    payload, answer = invoke(cloud, arn, 30)
    assert answer["FunctionError"] == "Unhandled"
    assert payload["errorType"] == "Sandbox.Timedout"
    assert payload["errorMessage"].endswith("Error: Task timed out after 1.00 seconds")
    assert invoke(cloud, arn, 0)[0] != before


def test_the_context_says_what_aws_says(cloud, function):
    names = "function_name function_version memory_limit_in_mb invoked_function_arn log_group_name aws_request_id"
    arn = function(
        "def handler(event, context):\n"
        f"    found = {{name: getattr(context, name) for name in {names!r}.split()}}\n"
        "    return found | {'left': context.get_remaining_time_in_millis()}\n",
        MemorySize=256,
        Timeout=7,
    )
    found, _ = invoke(cloud, arn)
    name = arn.rpartition(":")[2]
    assert found.pop("aws_request_id")
    assert 6000 < found.pop("left") <= 7000
    assert found == {
        "function_name": name,
        "function_version": "$LATEST",
        "memory_limit_in_mb": "256",
        "invoked_function_arn": arn,
        "log_group_name": f"/aws/lambda/{name}",
    }


def test_the_handler_reaches_this_cloud_and_sees_nothing_of_the_users_own_environment(cloud, function, monkeypatch):
    arn = function(
        "import os, boto3\n"
        "def handler(event, context):\n"
        "    return {'account': boto3.client('sts').get_caller_identity()['Account'], 'names': sorted(os.environ)}\n"
    )
    found, _ = invoke(cloud, arn)
    assert found["account"] == "123456789012"
    assert {"AWS_LAMBDA_FUNCTION_NAME", "AWS_REGION", "AWS_EXECUTION_ENV", "LAMBDA_TASK_ROOT"} <= set(found["names"])
    assert not {"HOME", "VIRTUAL_ENV", "AWS_PROFILE"} & set(found["names"])


SAYS_CONTEXT = """
def handler(event, context):
    given, who = context.client_context, context.identity
    found = [repr(who), who.cognito_identity_id, context.tenant_id]
    if given is None:
        return found
    return [given.custom, given.env, given.client and [given.client.app_title, given.client.installation_id]]
"""


def test_the_client_context_has_awss_attributes(cloud, function):
    arn = function(SAYS_CONTEXT)

    def asked(given: str) -> list[Any]:
        return invoke(cloud, arn, ClientContext=base64.b64encode(given.encode()).decode())[0]

    whole = {"custom": {"a": [1]}, "env": {"b": "2"}, "client": {"app_title": "app", "other": "left out"}}
    assert asked(json.dumps(whole)) == [{"a": [1]}, {"b": "2"}, ["app", None]]
    assert asked('{"custom": {}}') == [{}, None, None]
    identity = "CognitoIdentity([cognito_identity_id=None,cognito_identity_pool_id=None])"
    assert invoke(cloud, arn)[0] == [identity, None, None]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("!!", "must be a valid Base64-encoded JSON object"),
        (base64.b64encode(b"{").decode(), "must be a valid Base64-encoded JSON object"),
        (base64.b64encode(b"[1]").decode(), "must be a valid Base64-encoded JSON object"),
        (base64.b64encode(b'{"client": [1]}').decode(), "must be a valid Base64-encoded JSON object"),
        (base64.b64encode(json.dumps({"custom": "x" * 2700}).encode()).decode(), "no more than 3583 bytes"),
    ],
)
def test_a_client_context_that_cannot_be_read_is_refused_before_the_function_runs(cloud, function, given, said):
    client, arn = cloud.client("lambda"), function("def handler(event, context):\n    return 'ran'\n")
    with pytest.raises(client.exceptions.InvalidRequestContentException, match=said):
        client.invoke(FunctionName=arn, ClientContext=given)


def test_layers_are_importable_and_the_functions_own_files_come_first(cloud, function):
    def layer(name: str, text: str) -> str:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("python/shared.py", f"WHO = {text!r}")
            archive.writestr("python/handler.py", "raise RuntimeError('a layer came before the function')")
        published = cloud.client("lambda").publish_layer_version(
            LayerName=name, Content={"ZipFile": buffer.getvalue()}, CompatibleRuntimes=["python3.13"]
        )
        return published["LayerVersionArn"]

    layers = [layer("tests-first", "first"), layer("tests-second", "second")]
    arn = function("import shared\ndef handler(event, context):\n    return shared.WHO\n", Layers=layers)
    assert invoke(cloud, arn)[0] == "second", "a later layer lies over an earlier one"


def test_a_function_goes_on_with_a_layer_version_that_is_deleted(cloud, function, role):
    client = cloud.client("lambda")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("python/shared.py", "WHO = 'deleted'")
    layer = client.publish_layer_version(LayerName="tests-deleted", Content={"ZipFile": buffer.getvalue()})
    code = "import shared\ndef handler(event, context):\n    return shared.WHO\n"
    arn = function(code, Layers=[layer["LayerVersionArn"]])
    client.delete_layer_version(LayerName="tests-deleted", VersionNumber=layer["Version"])
    assert invoke(cloud, arn)[0] == "deleted"
    client.update_function_configuration(FunctionName=arn, Timeout=7)
    version = client.publish_version(FunctionName=arn)["FunctionArn"]
    client.update_function_configuration(FunctionName=arn, Layers=[])
    assert invoke(cloud, version)[0] == "deleted"
    assert invoke(cloud, arn)[1]["FunctionError"]
    with pytest.raises(ClientError, match=r"InvalidParameterValueException.*does not exist"):
        client.update_function_configuration(FunctionName=arn, Layers=[layer["LayerVersionArn"]], Timeout=9)
    assert client.get_function_configuration(FunctionName=arn)["Timeout"] == 7, "nothing of it was done"


def test_the_log_has_start_end_report_and_what_the_handler_wrote(cloud, function):
    arn = function(
        "import logging\n"
        "def handler(event, context):\n"
        "    print('printed')\n"
        "    logging.getLogger().error('logged')\n"
        "    raise ValueError('raised')\n"
    )
    _, answer = invoke(cloud, arn, LogType="Tail")
    tail = base64.b64decode(answer["LogResult"]).decode()
    lines = log_lines(cloud, f"/aws/lambda/{arn.rpartition(':')[2]}")
    assert "".join(lines) == tail
    kinds = [line.split()[0] for line in lines]
    assert kinds == ["INIT_START", "START", "printed", "[ERROR]", "[ERROR]", "END", "REPORT"]
    assert lines[3].endswith("\tlogged\n")
    assert lines[4].startswith("[ERROR] ValueError: raised\rTraceback (most recent call last):\r")
    report = lines[6]
    for part in ("Duration: ", "Billed Duration: ", "Memory Size: 128 MB", "Max Memory Used: ", "Init Duration: "):
        assert part in report
    assert "LogResult" not in invoke(cloud, arn)[1]
    kinds = [line.split()[0] for line in log_lines(cloud, f"/aws/lambda/{arn.rpartition(':')[2]}")]
    assert kinds.count("INIT_START") == 1, "the second call has the same worker"


def test_the_log_goes_where_the_logging_configuration_says_in_its_form(cloud, function):
    arn = function(
        "import logging\ndef handler(event, context):\n    logging.getLogger().info('hello')\n",
        LoggingConfig={"LogFormat": "JSON", "LogGroup": "/tests/own-group"},
    )
    invoke(cloud, arn)
    entries = [json.loads(line) for line in log_lines(cloud, "/tests/own-group")]
    kinds = [entry.get("type") for entry in entries]
    assert kinds == ["platform.initStart", "platform.start", None, "platform.report"]
    assert entries[0]["record"]["runtimeVersion"].startswith("python:3.")
    assert (entries[2]["level"], entries[2]["message"]) == ("INFO", "hello")
    assert entries[3]["record"]["status"] == "success"


def test_an_event_invocation_is_accepted_at_once_and_runs_later(cloud, function):
    arn = function("def handler(event, context):\n    print('ran with', event)\n")
    _, answer = invoke(cloud, arn, {"a": 1}, InvocationType="Event")
    assert answer["StatusCode"] == 202
    group = f"/aws/lambda/{arn.rpartition(':')[2]}"

    def ran() -> bool:
        try:
            return "ran with {'a': 1}\n" in log_lines(cloud, group)
        except ClientError:  # the first log line makes the group
            return False

    eventually(ran)


def test_a_dry_run_runs_nothing(cloud, function):
    arn = function("def handler(event, context):\n    print('ran')\n")
    assert invoke(cloud, arn, InvocationType="DryRun")[1]["StatusCode"] == 204
    invoke(cloud, arn)
    assert log_lines(cloud, f"/aws/lambda/{arn.rpartition(':')[2]}").count("ran\n") == 1


def test_a_qualifier_runs_its_version(cloud, function):
    client = cloud.client("lambda")
    arn = function("def handler(event, context):\n    return 'one', context.function_version\n")
    client.publish_version(FunctionName=arn)
    client.update_function_code(
        FunctionName=arn, ZipFile=package("def handler(e, c):\n    return 'two', c.function_version\n")
    )
    client.create_alias(FunctionName=arn, Name="live", FunctionVersion="1")
    assert invoke(cloud, arn)[0] == ["two", "$LATEST"]
    for qualifier in ("1", "live"):
        payload, answer = invoke(cloud, arn, Qualifier=qualifier)
        assert (payload, answer["ExecutedVersion"]) == (["one", "1"], "1")


@pytest.mark.parametrize(
    ("options", "code", "status"),
    [
        ({"Payload": b"{not json"}, "InvalidRequestContentException", 400),
        ({"Payload": b'"' + b"x" * 6_291_456 + b'"'}, "RequestEntityTooLargeException", 413),
        ({"FunctionName": "tests-no-such-function"}, "ResourceNotFoundException", 404),
        ({"Qualifier": "99"}, "ResourceNotFoundException", 404),
    ],
)
def test_requests_that_aws_refuses_are_refused(cloud, function, options, code, status):
    arn = function("def handler(event, context): pass")
    with pytest.raises(ClientError) as refused:
        cloud.client("lambda").invoke(**{"FunctionName": arn, **options})
    assert refused.value.response["Error"]["Code"] == code
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == status


def test_reserved_concurrency_throttles(cloud, function):
    arn = function("def handler(event, context): pass")
    cloud.client("lambda").put_function_concurrency(FunctionName=arn, ReservedConcurrentExecutions=0)
    with pytest.raises(ClientError, match="TooManyRequestsException"):
        invoke(cloud, arn)


@pytest.mark.parametrize("runtime", ["nodejs22.x", "nodejs12.x", "java21", "ruby3.4", "dotnet8", "provided.al2023"])
def test_a_function_of_another_language_is_refused_by_name_when_it_is_made(cloud, function, runtime):
    words = rf"NotImplemented.*does not support lambda:CreateFunction with Runtime '{re.escape(runtime)}'"
    with pytest.raises(ClientError, match=words):
        function("exports.handler = async () => 1", Runtime=runtime)
    client, arn = cloud.client("lambda"), function("def handler(event, context): pass")
    with pytest.raises(ClientError, match="UpdateFunctionConfiguration with Runtime"):
        client.update_function_configuration(FunctionName=arn, Runtime=runtime)
    assert client.get_function_configuration(FunctionName=arn)["Runtime"] == "python3.13"


@pytest.mark.parametrize(
    ("runtime", "words"),
    [
        ("python2.7", "The runtime parameter of python2.7 is no longer supported for creating or updating AWS Lambda"),
        ("python3.7", "The runtime parameter of python3.7 is no longer supported for creating or updating AWS Lambda"),
        ("python4.0", "Value python4.0 at 'runtime' failed to satisfy constraint: Member must satisfy enum value set:"),
        ("Python3.12", "Value Python3.12 at 'runtime' failed to satisfy constraint"),
        (None, "Runtime and Handler are mandatory parameters for functions created with deployment packages."),
    ],
)
def test_a_runtime_that_lambda_does_not_take_is_refused_in_its_words(cloud, role, runtime, words):
    given = {"Runtime": runtime} if runtime else {}
    client = cloud.client("lambda")
    with pytest.raises(ClientError) as refused:
        client.create_function(
            FunctionName="tests-no-runtime",
            Role=role,
            Handler="handler.handler",
            Code={"ZipFile": package("def handler(event, context): pass")},
            **given,
        )
    error = refused.value.response["Error"]
    assert (error["Code"], words in error["Message"]) == ("InvalidParameterValueException", True), error


def test_every_log_level_of_python_functions_can_be_asked_for(cloud, function):
    code = "import logging\ndef handler(event, context): return logging.getLogger().level"
    for level, found in (("TRACE", 10), ("DEBUG", 10), ("WARN", 30), ("FATAL", 50)):
        arn = function(code, LoggingConfig={"LogFormat": "JSON", "ApplicationLogLevel": level})
        assert invoke(cloud, arn)[0] == found


def test_the_platforms_events_have_levels_too(cloud, function):
    """With the level WARN, only the report of a run that failed is written."""
    code = "def handler(event, context):\n    print('said')\n    return 1 / event['by']\n"
    arn = function(code, LoggingConfig={"LogFormat": "JSON", "SystemLogLevel": "WARN"})
    invoke(cloud, arn, {"by": 1})
    invoke(cloud, arn, {"by": 0})
    lines = log_lines(cloud, f"/aws/lambda/{arn.rpartition(':')[2]}")
    assert lines.count("said\n") == 2
    reports = [found for found in map(_read, lines) if "type" in found]
    assert [(one["type"], one["record"]["status"]) for one in reports] == [("platform.report", "error")]
    with pytest.raises(ClientError, match=r"with LoggingConfig\.SystemLogLevel 'DEBUG'"):
        function(code, LoggingConfig={"LogFormat": "JSON", "SystemLogLevel": "DEBUG"})


def _read(line):
    try:
        return json.loads(line)
    except ValueError:
        return {}
