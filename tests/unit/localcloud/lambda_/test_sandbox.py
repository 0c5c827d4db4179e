"""What a function has of the machine, behind walls and plainly: its files, its processes, its memory, its Python."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from localcloud.children import Children
from localcloud.lambda_ import packages
from localcloud.lambda_.environment import ExecutionEnvironment, FunctionAnswer, Settings
from localcloud.lambda_.interpreters import Interpreters, asked
from localcloud.lambda_.sandbox import Sandboxes, SandboxWanted

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

ARN = "arn:aws:lambda:us-east-1:123456789012:function:images"
NAMED = ("FUNCTION_NAME", "FUNCTION_VERSION", "FUNCTION_MEMORY_SIZE", "LOG_GROUP_NAME")


class Machine:
    """Makes execution environments of code, in one cloud's folder."""

    def __init__(self, folder: Path, walls: bool, path: str | None = None) -> None:
        self.folder, self.children = folder, Children()
        self.sandboxes = Sandboxes(folder / "sandbox", Interpreters(path), walls=walls)
        self.runtime = packages.runtime(folder / "runtime")
        self.made: list[ExecutionEnvironment] = []

    def environment(
        self, code: str, *, files: dict[str, str] | None = None, given: dict[str, str] | None = None, **wanted: Any
    ) -> ExecutionEnvironment:
        """An environment whose handler is ``handler`` in ``code``.

        Args:
            files: Those of its layers.
            given: Its function's environment variables.
        """
        name = f"code-{len(self.made)}"
        place = self.folder / name
        place.mkdir(mode=0o755)
        (place / "app.py").write_text(code)
        (place / "app.py").chmod(0o444)
        layers = self.folder / f"layers-{len(self.made)}" if files else None
        for path, text in (files or {}).items():
            assert layers is not None
            (layers / path).parent.mkdir(parents=True, exist_ok=True)
            (layers / path).write_text(text)
            (layers / path).chmod(0o555)
        found = f"{layers}/python", f"{layers}/python/lib/python3.11/site-packages"
        settings = Settings(
            arn=ARN,
            version="$LATEST",
            handler="app.handler",
            code_path=(str(place), *(found if layers else ())),
            runtime_path=(str(self.runtime),),
            variables={
                "PATH": "/usr/bin:/bin:/opt/bin",
                **{f"AWS_LAMBDA_{name}": "-" for name in NAMED},
                **(given or {}),
            },
            wanted=SandboxWanted(layers=str(layers or ""), **wanted),
        )
        self.made.append(ExecutionEnvironment(settings, self.children, self.sandboxes))
        return self.made[-1]

    def answer(self, code: str, event: Any = None, timeout: float = 30.0, **options: Any) -> FunctionAnswer:
        """The answer of a new environment to one call."""
        return call(self.environment(code, **options), event, timeout)


def call(environment: ExecutionEnvironment, event: Any = None, timeout: float = 30.0) -> FunctionAnswer:
    return environment.call(event, request_id="1", arn=ARN, timeout=timeout, trace_id="Root=1", client_context=None)


def eventually(is_so: Callable[[], Any]) -> Any:
    give_up = time.monotonic() + 60
    while not (found := is_so()):
        assert time.monotonic() < give_up
        time.sleep(0.02)
    return found


def marked(mark: str) -> list[int]:
    """The processes of this machine that have the mark in their command, without those that have ended."""
    found = []
    for process in Path("/proc").iterdir():
        with contextlib.suppress(OSError):  # it has ended
            if process.name.isdecimal() and mark.encode() in (process / "cmdline").read_bytes():
                found.append(int(process.name))
    return found


def machine(folder: Path, walls: bool, path: str | None = None) -> Iterator[Machine]:
    found = Machine(folder, walls, path)
    yield found
    for one in found.made:
        one.stop()


@pytest.fixture
def walled(tmp_path: Path) -> Iterator[Machine]:
    for found in machine(tmp_path, True):
        if "no namespaces" in found.answer("def handler(e, c): pass").runtime:
            pytest.skip("this machine permits no namespaces")
        yield found


@pytest.fixture
def plain(tmp_path: Path) -> Iterator[Machine]:
    yield from machine(tmp_path, False)


@pytest.fixture(params=["walled", "plain"])
def either(request: pytest.FixtureRequest) -> Machine:
    return request.getfixturevalue(request.param)


WRITES = """
import os, tempfile
def handler(event, context):
    found = sorted(os.listdir(tempfile.gettempdir()))
    open(os.path.join(tempfile.gettempdir(), event), "w").close()
    return found
"""


def test_tmp_is_kept_between_calls_and_is_another_ones_never(either: Machine) -> None:
    first, second = either.environment(WRITES), either.environment(WRITES)
    assert [call(one, name).payload for one, name in ((first, "a"), (first, "b"), (second, "c"))] == [
        b"[]",
        b'["a"]',
        b"[]",
    ]
    first.stop()
    assert call(either.environment(WRITES), "d").payload == b"[]"


def test_nothing_of_tmp_stays_with_the_machine(either: Machine) -> None:
    environment = either.environment(WRITES)
    call(environment, "a-file-of-the-function")
    environment.stop()
    assert not Path("/tmp/a-file-of-the-function").exists()
    assert not list(either.folder.rglob("a-file-of-the-function"))


FILLS = """
def handler(event, context):
    with open("/tmp/one", "wb", buffering=0) as one, open("/tmp/two", "wb", buffering=0) as two:
        while True:
            one.write(bytes(1_000_000))
            two.write(bytes(1_000_000))
"""


def test_a_full_tmp_has_no_space_left(walled: Machine) -> None:
    answer = walled.answer(FILLS, storage_mb=20)
    assert b'"errorType": "OSError"' in answer.payload
    assert b"[Errno 28] No space left on device" in answer.payload
    assert not answer.finished, "the function goes on"


def test_too_many_files_end_a_plain_function(plain: Machine) -> None:
    code = "import tempfile, time\ndef handler(event, context):\n    made = []\n    while True:\n"
    code += "        made.append(tempfile.TemporaryDirectory())\n        time.sleep(0.01)\n"
    code += "        open(made[-1].name + '/a', 'wb').write(bytes(3_000_000))\n"
    answer = plain.answer(code, storage_mb=20)
    assert b"[Errno 28] No space left on device" in answer.payload
    assert answer.finished


TRIES = """
import os
def handler(event, context):
    found = {}
    for path in event:
        try:
            open(path, "a").close()
            found[path] = "written"
        except OSError as error:
            found[path] = type(error).__name__ if os.path.exists(path) else "not there"
    return found
"""


def test_what_is_not_its_own_cannot_be_written_or_seen(walled: Machine) -> None:
    another = walled.environment("SECRET = 1")
    (walled.folder / "cloud.json").write_text("{}")
    (walled.folder / "sandbox" / "cloud.sqlite").touch()
    paths = [
        "/var/task/app.py",
        "/opt/data.txt",
        "/usr/bin/env",
        "/etc/hosts",
        "/var/task/new",
        "/var/runtime/boto3/__init__.py",
        "/var/task/../../new",
        f"{another.settings.code_path[0]}/app.py",
        str(walled.folder / "cloud.json"),
        str(walled.folder / "sandbox" / "cloud.sqlite"),
        str(Path.home() / ".bashrc"),
        "/etc/shadow",
        f"/proc/{os.getpid()}/environ",
        "/tmp/own",
    ]
    environment = walled.environment(TRIES, files={"data.txt": "layer"})
    answer = eval(call(environment, paths).payload)
    assert answer.pop("/tmp/own") == "written"
    assert "written" not in answer.values()
    gone = [path for path, said in answer.items() if said == "not there"]
    assert gone == ["/var/task/new", "/var/task/../../new", *paths[7:13]]


def test_the_code_of_a_plain_function_is_not_written_by_a_user_without_rights(tmp_path: Path) -> None:
    folder = packages.unpacked(tmp_path, zipped({"app.py": "x = 1"}))
    assert (folder / "app.py").stat().st_mode & 0o222 == 0


def zipped(files: dict[str, str]) -> bytes:
    import io
    import zipfile

    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return buffer.getvalue()


def test_a_layer_is_in_opt_with_its_programs(walled: Machine) -> None:
    code = "import here, there, subprocess\ndef handler(e, c):\n"
    code += "    said = subprocess.run(['hello'], capture_output=True, text=True).stdout\n"
    code += "    return [here.__file__, there.__file__, said]\n"
    files = {
        "python/here.py": "",
        "python/lib/python3.11/site-packages/there.py": "",
        "bin/hello": "#!/bin/sh\necho hello\n",
    }
    answer = walled.answer(code, files=files)
    assert eval(answer.payload) == [
        "/opt/python/here.py",
        "/opt/python/lib/python3.11/site-packages/there.py",
        "hello\n",
    ]


MODULES = """
import boto3, sys
def handler(event, context):
    import deep
    return [deep.__file__, deep.SHADOWED, sys.path[0]]
"""


def test_modules_are_found_in_the_folders_that_pythonpath_names(either: Machine) -> None:
    files = {"modules/deep.py": "import colorsys\nSHADOWED = colorsys.__file__", "modules/colorsys.py": ""}
    answer = either.answer(MODULES, files=files, given={"PYTHONPATH": "/opt/modules:/var/runtime::/none"})
    deep, shadowed, first = eval(answer.payload)
    assert deep.endswith("/modules/deep.py")
    assert shadowed.endswith("/modules/colorsys.py"), "its folders come before the standard library"
    assert not first.endswith("/modules"), "and after the function's own"


def test_other_pythons_of_a_function_have_the_packages_of_the_runtime(either: Machine) -> None:
    code = "import os, subprocess, sys\ndef handler(e, c):\n"
    code += "    command = [sys.executable, '-S', '-c', 'import boto3; print(boto3.__file__)']\n"
    code += "    return subprocess.run(command, capture_output=True, text=True).stdout, os.environ['PYTHONPATH']"
    found, path = eval(either.answer(code).payload)
    assert found.startswith(f"{path}/boto3/")


def test_its_processes_are_the_only_ones_and_it_ends_no_others(walled: Machine) -> None:
    code = "import os, signal\ndef handler(e, c):\n"
    code += "    for pid in e: os.kill(pid, 0)\n"
    answer = walled.answer(code, [os.getppid()])
    assert b"ProcessLookupError" in answer.payload
    code = (
        "import os\ndef handler(e, c):\n    found = [int(name) for name in os.listdir('/proc') if name.isdecimal()]\n"
    )
    code += "    return [os.getpid(), sorted(found)]\n"
    environment = walled.environment(code)
    pid, seen = eval(call(environment).payload)
    assert seen == sorted([1, pid])
    assert environment._child is not None
    assert pid == environment._child.pid, "its number leads to it from outside too"


STARTS = """
import os, subprocess, sys, time
def handler(event, context):
    command = [sys.executable, "-c", f"import time; time.sleep(120); {event['mark']!r}"]
    for own in (False, True):
        subprocess.Popen(command, start_new_session=own)
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.execv(command[0], command)
        os._exit(0)
    if event["then"] == "sleeps":
        time.sleep(60)
"""


@pytest.mark.parametrize("then", ["answers", "sleeps"])
def test_what_it_has_started_ends_with_it(either: Machine, tmp_path: Path, then: str) -> None:
    mark = f"{tmp_path.name}-{then}"
    environment = either.environment(STARTS)
    answer = call(environment, {"mark": mark, "then": then}, 1.5)
    assert (b"Sandbox.Timedout" in answer.payload) == (then == "sleeps")
    if then == "answers":
        assert eventually(lambda: len(marked(mark)) == 3)
    environment.stop()
    eventually(lambda: not marked(mark))


def test_a_fork_bomb_ends_with_its_call(walled: Machine, tmp_path: Path) -> None:
    code = "import os, time\ndef handler(e, c):\n    made = 0\n    while True:\n        if os.fork() == 0:\n"
    code += "            time.sleep(60)\n            os._exit(0)\n"
    answer = walled.answer(code, timeout=20.0, memory_mb=10_240)
    assert b"BlockingIOError" in answer.payload or b"signal: killed" in answer.payload
    launchers = str(walled.folder / "sandbox" / "launcher.pyc")
    for one in walled.made:
        one.stop()
    eventually(lambda: not marked(launchers))


def test_memory_is_limited_in_all_its_processes_together(either: Machine) -> None:
    code = "import os, time\ndef handler(event, context):\n    for _ in range(4):\n        if os.fork() == 0:\n"
    code += "            kept = bytearray(b'x' * 50_000_000)\n            time.sleep(60)\n    time.sleep(60)\n"
    answer = either.answer(code)
    assert b"Runtime.OutOfMemory" in answer.payload
    assert answer.max_memory_mb == 128


def test_a_short_call_that_took_too_much_is_ended_too(either: Machine) -> None:
    answer = either.answer("def handler(event, context): return len(bytearray(b'x' * 150_000_000))")
    assert b"Runtime.OutOfMemory" in answer.payload


def test_boto3_runs_in_the_least_memory(either: Machine) -> None:
    code = (
        "import boto3\ns3 = boto3.client('s3', region_name='us-east-1')\ndef handler(e, c): return s3.meta.region_name"
    )
    assert either.answer(code).payload == b'"us-east-1"'


def test_nothing_stays_when_the_cloud_is_killed(walled: Machine, tmp_path: Path) -> None:
    code = f"""
import sys
from pathlib import Path
from localcloud.children import Children
from localcloud.lambda_ import packages
from localcloud.lambda_.environment import ExecutionEnvironment, Settings
from localcloud.lambda_.sandbox import Sandboxes
folder, place = Path({str(tmp_path)!r}), Path(sys.argv[1])
variables = {{f"AWS_LAMBDA_{{name}}": "-" for name in {NAMED!r}}}
settings = Settings("{ARN}", "1", "app.handler", (str(place),), (), variables)
environment = ExecutionEnvironment(settings, Children(), Sandboxes(folder / "second"))
call = dict(request_id="1", arn="{ARN}", timeout=30.0, trace_id="", client_context=None)
environment.call({{"mark": sys.argv[2], "then": "answers"}}, **call)
print("ready", flush=True)
sys.stdin.read()
"""
    place, mark = walled.environment(STARTS).settings.code_path[0], f"{tmp_path.name}-killed"
    command = [sys.executable, "-c", code, place, mark]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as cloud:
        assert cloud.stdout is not None
        assert cloud.stdout.readline() == b"ready\n"
        assert eventually(lambda: len(marked(f"'{mark}'")) == 3)
        cloud.kill()
    eventually(lambda: not marked(f"'{mark}'") and not marked(str(tmp_path / "second")))
    assert str(tmp_path) not in Path("/proc/self/mounts").read_text()


def test_a_function_runs_in_the_python_that_its_runtime_names(tmp_path: Path) -> None:
    """It needs another Python than this one, on the PATH or among those of pyenv."""
    pyenv = sorted(Path.home().glob(".pyenv/versions/3.*/bin"))
    path = os.pathsep.join([*map(str, pyenv), os.environ["PATH"]])
    own = asked(sys.executable)
    assert own is not None
    names = [f"python3.{minor}" for minor in range(10, 14) if f"3.{minor}" != own.short]
    runtimes = [name for name in names if (found := shutil.which(name, path=path)) and asked(found)]
    if not runtimes:
        pytest.skip("this machine has no other Python")
    code = "import sys, boto3\ndef handler(e, c): return list(sys.version_info[:2])"
    for one in machine(tmp_path, True, path):
        for runtime in (runtimes[0], runtimes[-1]):
            answer = one.answer(code, runtime=runtime)
            assert answer.payload == f"[3, {runtime[8:]}]".encode(), answer.log
            assert answer.runtime.startswith(f"python:{runtime[6:]}.")


def test_a_python_that_the_machine_lacks_is_named_and_another_one_runs(tmp_path: Path) -> None:
    for one in machine(tmp_path, False, str(tmp_path)):
        missing = "python3.9" if sys.version_info[:2] != (3, 9) else "python3.10"
        answer = one.answer("def handler(e, c): return 1", runtime=missing)
        assert answer.payload == b"1"
        assert f"this machine has no {missing}" in answer.runtime
