"""A zip depends only on its function's text, and a function that cannot work is refused before an apply."""

import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from scones.errors import PackagingError
from scones.service import packaging

LAMBDAS = Path(__file__).resolve().parents[4] / "lambdas"


@pytest.fixture
def function(tmp_path):
    """A function that writes a Lambda's folder."""

    def function(name="greet", **files):
        folder = tmp_path / "functions" / name
        folder.mkdir(parents=True, exist_ok=True)
        for stem, text in ({"handler": "def handler(event, context):\n    return event\n"} | files).items():
            (folder / f"{stem}.py").write_text(text)
        return folder

    return function


def zips(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def test_packages_every_function_with_a_manifest_of_what_is_there(tmp_path):
    packages = packaging.package(LAMBDAS, tmp_path)
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert list(manifest) == sorted(folder.parent.name for folder in LAMBDAS.glob("*/handler.py"))
    assert {"classify_image", "filter_low_confidence", "serialize_image_data"} <= manifest.keys()
    for found in packages:
        content = (tmp_path / found.zip).read_bytes()
        assert manifest[found.name] == {
            "zip": f"{found.name}.zip",
            "sha256": hashlib.sha256(content).hexdigest(),
            "bytes": len(content),
        }
        names = zipfile.ZipFile(io.BytesIO(content)).namelist()
        assert len(content) < 10_000 * len({"handler.py", *(f"{name}.py" for name in manifest)} & set(names))
        assert "handler.py" in names
        assert all(name.endswith(".py") for name in names)


def test_another_path_umask_and_time_give_the_same_bytes(tmp_path):
    """The same sources give the same zip in another clone, with another umask, at another time, in another process."""
    packaging.package(LAMBDAS, tmp_path / "here")
    clone = tmp_path / "a clone" / "ünderneath" / "lambdas"
    shutil.copytree(LAMBDAS, clone)
    for index, path in enumerate(sorted(clone.rglob("*"), reverse=True)):
        path.chmod(0o700 if path.is_dir() else 0o600)
        os.utime(path, (time.time(), 1_000_000_000 + index))
    code = (
        "import os, sys; os.umask(0o077)\n"
        "from pathlib import Path; from scones.service import packaging\n"
        "packaging.package(Path(sys.argv[1]), Path(sys.argv[2]))"
    )
    there = tmp_path / "there"
    variables = {**os.environ, "TZ": "Asia/Kathmandu", "PYTHONHASHSEED": "7"}
    subprocess.run([sys.executable, "-c", code, clone, there], cwd=tmp_path, env=variables, check=True)
    assert zips(there) == zips(tmp_path / "here")


def test_line_ends_of_the_checkout_give_the_same_bytes(function):
    folder = function()
    before = packaging.build(folder)
    handler = folder / "handler.py"
    handler.write_bytes(handler.read_bytes().replace(b"\n", b"\r\n"))
    assert packaging.build(folder) == before


def test_what_is_no_source_changes_nothing(function):
    folder = function()
    before = packaging.build(folder)
    (folder / "event.json").write_text("{}")
    (folder / ".handler.py.swp").write_text("junk")
    (folder / ".venv").mkdir()
    (folder / ".venv" / "site.py").write_text("junk")
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "handler.cpython-313.pyc").write_bytes(b"\0")
    assert packaging.build(folder) == before


def test_entries_are_stored_sorted_dated_and_of_one_mode(function):
    folder = function(zebra="", aardvark="")
    archive = zipfile.ZipFile(io.BytesIO(packaging.build(folder)))
    entries = archive.infolist()
    assert archive.testzip() is None
    assert [entry.filename for entry in entries] == ["aardvark.py", "handler.py", "zebra.py"]
    assert {entry.compress_type for entry in entries} == {zipfile.ZIP_STORED}
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
    assert {entry.external_attr >> 16 for entry in entries} == {0o100644}
    assert {entry.create_system for entry in entries} == {3}


def test_one_changed_byte_changes_one_zip(function, tmp_path):
    folder = function("one")
    function("two")
    before = packaging.package(folder.parent, tmp_path / "out")
    (folder / "handler.py").write_text("def handler(event, context):\n    return 1\n")
    after = packaging.package(folder.parent, tmp_path / "out")
    assert [one == other for one, other in zip(before, after, strict=True)] == [False, True]


def test_a_second_run_touches_nothing_and_a_removed_function_goes(function, tmp_path):
    out = tmp_path / "out"
    one, _ = function("one"), function("two")
    packaging.package(one.parent, out)
    times = {path.name: path.stat().st_mtime_ns for path in out.iterdir()}
    packaging.package(one.parent, out)
    assert {path.name: path.stat().st_mtime_ns for path in out.iterdir()} == times
    shutil.rmtree(one)
    packaging.package(one.parent, out)
    assert sorted(path.name for path in out.iterdir()) == ["manifest.json", "two.zip"]


def test_nothing_is_written_when_one_function_is_refused(function, tmp_path):
    function("good")
    function("worse", handler="import numpy\ndef handler(event, context): ...\n")
    with pytest.raises(PackagingError):
        packaging.package(tmp_path / "functions", tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("handler", "reason"),
    [
        ("import numpy as np\ndef handler(e, c): ...\n", r"greet/handler.py, line 1, imports 'numpy'"),
        ("def handler(e, c):\n    from PIL import Image\n", r"line 2, imports 'PIL'"),
        ("import scones.aws\ndef handler(e, c): ...\n", r"imports 'scones'"),
        ("def main(e, c): ...\n", "has no function 'handler'"),
        ("def handler(e, c:\n", r"greet/handler.py is not Python"),
        ("x = '" + "y" * 10_000 + "'\ndef handler(e, c): ...\n", "at most 10,000"),
    ],
)
def test_refuses_a_function_that_would_fail_in_lambda(function, handler, reason):
    with pytest.raises(PackagingError, match=reason):
        packaging.build(function(handler=handler))


def test_takes_the_standard_library_boto3_and_the_functions_own_modules(function):
    own = (
        "import json, zlib\nimport boto3, botocore.config\nfrom helper import help\ndef handler(event, context): ...\n"
    )
    assert packaging.build(function(handler=own, helper="def help(): ...\n"))


def test_a_function_that_imports_others_has_their_code_and_runs(function, tmp_path):
    """A neighbour's handler has the name of its folder. A neighbour may have a neighbour."""
    function(
        "greet",
        handler="import words\ndef handler(event, context):\n    return words.HELLO + event\n",
        words="HELLO='hi '\n",
    )
    function(
        "loud", handler="import greet\ndef handler(event, context):\n    return greet.handler(event, context).upper()\n"
    )
    folder = function(
        "twice", handler="import greet, loud\ndef handler(e, c): return [greet.handler(e, c), loud.handler(e, c)]\n"
    )
    archive = zipfile.ZipFile(io.BytesIO(packaging.build(folder)))
    assert archive.namelist() == ["greet.py", "handler.py", "loud.py", "words.py"]
    archive.extractall(tmp_path / "task")
    code = "import sys; sys.path.insert(0, 'task'); import handler; print(handler.handler('you', None))"
    said = subprocess.run([sys.executable, "-I", "-c", code], check=True, cwd=tmp_path, capture_output=True, text=True)
    assert said.stdout == "['hi you', 'HI YOU']\n"


def test_a_changed_neighbour_changes_the_zip(function):
    greet = function("greet")
    folder = function("twice", handler="import greet\ndef handler(e, c): ...\n")
    before = packaging.build(folder)
    (greet / "handler.py").write_text("def handler(event, context):\n    return 1\n")
    assert packaging.build(folder) != before


def test_modules_of_the_same_name_in_one_zip_are_refused_by_name(function):
    function("greet", words="")
    function("shout", words="")
    folder = function("twice", handler="import greet, shout\ndef handler(e, c): ...\n")
    with pytest.raises(
        PackagingError, match=r"twice imports (greet|shout), and .*words.py would have the name of a module of"
    ):
        packaging.build(folder)


def test_a_neighbour_that_would_fail_in_lambda_is_refused_with_the_function_that_imports_it(function):
    function("greet", handler="import numpy\ndef handler(e, c): ...\n")
    with pytest.raises(PackagingError, match=r"greet/handler.py, line 1, imports 'numpy'"):
        packaging.build(function("twice", handler="import greet\ndef handler(e, c): ...\n"))


def test_a_zip_of_two_functions_may_be_twice_as_large(function):
    function("greet", handler="x = '" + "y" * 9_000 + "'\ndef handler(e, c): ...\n")

    def twice(size):
        return function("twice", handler=f"import greet\nx = '{'y' * size}'\ndef handler(e, c): ...\n")

    assert len(packaging.build(twice(9_000))) > 10_000
    with pytest.raises(PackagingError, match="2 functions here have at most 20,000"):
        packaging.build(twice(11_000))


def test_a_folder_without_functions_is_refused_by_name(tmp_path):
    with pytest.raises(PackagingError, match="holds no function"):
        packaging.package(tmp_path, tmp_path / "out")


def test_the_zips_run_as_lambda_runs_them(tmp_path):
    """A zip is unpacked into an empty folder. A process without the project on its path imports it."""
    packaging.package(LAMBDAS, tmp_path / "zips")
    for path in (tmp_path / "zips").glob("*.zip"):
        task = tmp_path / path.stem
        zipfile.ZipFile(path).extractall(task)
        variables = {"AWS_DEFAULT_REGION": "us-east-1", "PYTHONDONTWRITEBYTECODE": "1"}
        code = f"import sys; sys.path.insert(0, {str(task)!r}); import handler; assert callable(handler.handler)"
        subprocess.run([sys.executable, "-I", "-c", code], env=variables, check=True, cwd=tmp_path)
