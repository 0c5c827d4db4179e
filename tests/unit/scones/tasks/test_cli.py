"""A task's failure is a message and an exit code, never a traceback."""

import dataclasses
import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import invoke
import invoke.main
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError
from invoke.exceptions import Exit

from imageclassification.errors import ArtifactError, HyperparameterError, NoArtifactError
from scones import aws, settings
from scones.errors import DatasetError, TrainingError
from scones.settings import ROOT
from scones.tasks import compose
from scones.tasks.cli import task
from scones.tasks.words import SHORT


@pytest.fixture(autouse=True)
def no_debugging(monkeypatch):
    monkeypatch.delenv("SCONES_DEBUG", raising=False)


def raising(error):
    @task
    def body(context):
        raise error

    return body


def test_matplotlib_writes_nothing_into_the_home_folder(monkeypatch):
    monkeypatch.delenv("MPLCONFIGDIR", raising=False)
    task(lambda context: None)(invoke.Context())
    assert Path(os.environ["MPLCONFIGDIR"]).is_relative_to(ROOT / "build")


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (DatasetError("3 is no class", hint="give two"), 2, "error: 3 is no class\ngive two"),
        (TrainingError("the job failed"), 1, "error: the job failed"),
        (HyperparameterError("no such", hint="did you mean"), 2, "error: no such\ndid you mean"),
        (ArtifactError("it is cut short"), 1, "error: it is cut short"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "PutObject"), 1, "AccessDenied"),
        (NoCredentialsError(), 1, "error: the cloud cannot be asked: Unable to locate credentials"),
        (FileNotFoundError(2, "No such file or directory", "/a/b"), 2, "error: /a/b: No such file"),
        (NotADirectoryError(20, "Not a directory", "/a/b"), 2, "error: /a/b: Not a directory"),
        (NoArtifactError("there is none"), 2, "error: there is none"),
        (PermissionError(13, "Permission denied", "/a/b"), 1, "error: /a/b: Permission denied"),
        (IsADirectoryError(21, "Is a directory", "/a/.b.1.part", None, "/a/b"), 1, "error: /a/b: Is a directory"),
    ],
)
def test_a_failure_is_a_message_and_an_exit_code(error, code, text):
    with pytest.raises(Exit) as caught:
        raising(error)(invoke.Context())
    assert caught.value.code == code
    assert text in caught.value.message


def test_a_cloud_that_has_ended_meanwhile_is_said_to_have_ended_with_the_next_step(monkeypatch, tmp_path):
    """A follower saw only that a URL could not be connected to."""
    local = dataclasses.replace(settings.load("local", variables={}), root=tmp_path)
    monkeypatch.setattr(settings, "load", lambda name: local)
    error = EndpointConnectionError(endpoint_url="http://127.0.0.1:5566")
    with pytest.raises(Exit, match=r"is not running.*\n.*invoke local\.up; then run the same command again"):
        raising(error)(invoke.Context())
    error.add_note("to follow it again: invoke train --attach j")
    with pytest.raises(Exit, match=r"invoke local\.up\nto follow it again: invoke train --attach j"):
        raising(error)(invoke.Context())


PLACES = {
    "asl.render": {"account": "123456789012"},
    "capture": {"from_": "."},
    "ci.plan": {},
    "ci.drift": {},
    "etl": {"sample": True},
    "evaluate": {},
    "iam.prove": {},
    "model.export": {"artifact": "build/model.tar.gz"},
    "tf.plan": {},
    "threshold": {"target_accuracy": "0.9"},
}


@pytest.mark.parametrize("name", PLACES)
def test_what_cannot_be_written_is_refused_before_the_work(name, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(aws, "session", lambda *_: pytest.fail("the work has begun"))
    option = "onnx" if name == "model.export" else "out"
    with pytest.raises(Exit, match=f"--{option} .*file/below.* cannot be written: .*file is no folder") as refused:
        compose()[name](invoke.Context(), **PLACES[name], **{option: str(tmp_path / "file" / "below")})
    assert refused.value.code == 2


def test_a_reader_who_has_seen_enough_is_not_shown_a_traceback():
    """``invoke local.logs | head -1`` ends like any program whose reader stops: with 128 + SIGPIPE."""
    code = (
        "import invoke\nfrom scones.tasks.cli import task\n"
        "@task\ndef body(context):\n    while True: print('a line')\n"
        "try: body(invoke.Context())\nexcept invoke.Exit as ended: raise SystemExit(ended.code)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        assert child.stdout.readline() == b"a line\n"
        child.stdout.close()
        assert child.stderr.read() == b""
    assert child.returncode == 141


def test_a_bug_keeps_its_traceback():
    with pytest.raises(ZeroDivisionError):
        raising(ZeroDivisionError())(invoke.Context())


@pytest.mark.parametrize("typed", ["pin --help", "model.inspect -h", "model.export --onnx a --help", "pin 3 --help"])
def test_help_is_shown_by_tasks_that_want_a_word(typed, monkeypatch, capsys):
    """Invoke's parser mistakes --help for the missing argument."""
    monkeypatch.setattr(sys, "argv", ["invoke", *typed.split()])
    monkeypatch.chdir(ROOT)
    with pytest.raises(SystemExit) as ended:
        invoke.main.program.run()
    shown = capsys.readouterr()
    assert f"{typed.split()[0]} [--options]" in shown.out
    assert (ended.value.code or 0, shown.err) == (0, "")


@pytest.mark.parametrize(
    ("env", "endpoint"), [("dev", None), ("local", "http://127.0.0.1:5000"), (None, "http://127.0.0.1:5000")]
)
def test_another_environment_is_not_led_to_the_cloud_that_the_shell_was_set_to(monkeypatch, env, endpoint):
    """After eval "$(invoke env)", --env dev must still reach AWS. The shell's environment stays unchanged."""
    monkeypatch.setenv("SCONES_ENV", "local")
    monkeypatch.setenv("SCONES_EXPORTED", "AWS_ACCESS_KEY_ID AWS_ENDPOINT_URL SCONES_ENV")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:5000")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "local")

    @task
    def body(context, env=None):
        return os.environ.get("AWS_ENDPOINT_URL")

    assert body(invoke.Context(), env=env) == endpoint


def test_debugging_shows_the_traceback(monkeypatch):
    monkeypatch.setenv("SCONES_DEBUG", "1")
    with pytest.raises(DatasetError):
        raising(DatasetError("3 is no class"))(invoke.Context())


def test_listing_the_tasks_loads_no_heavy_library():
    """The list takes well under a second, because it imports nothing heavy."""
    heavy = ("torch", "numpy", "boto3", "moto", "matplotlib", "sagemaker")
    code = f"import sys, tasks; print([name for name in {heavy} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_a_short_option_means_the_same_in_every_task_and_h_is_help():
    meanings = defaultdict(set)
    for name in compose().task_names:
        for argument in compose()[name].get_arguments():
            for short in argument.names:
                if len(short) == 1:
                    meanings[short].add(argument.name)
    assert meanings == {short: {name} for name, short in SHORT.items()}
    assert "h" not in meanings


def test_a_hint_never_says_what_was_just_typed(monkeypatch):
    """`invoke etl --download` without a network suggested `invoke etl --download`."""
    error = DatasetError("there is no network", hint="give it with --archive FILE, or fetch it: invoke etl --download")
    monkeypatch.setattr("sys.argv", ["/x/bin/invoke", "etl", "--download"])
    with pytest.raises(Exit) as caught:
        raising(error)(invoke.Context())
    assert caught.value.message == "error: there is no network\ngive it with --archive FILE"
    monkeypatch.setattr("sys.argv", ["/x/bin/invoke", "etl"])
    with pytest.raises(Exit, match="invoke etl --download"):
        raising(error)(invoke.Context())
