"""The set-up: its choice of Python and PyTorch, the steps that it repeats, and its message when a step fails."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def bootstrap() -> ModuleType:
    """The set-up script as a module. It is not part of the package."""
    found = importlib.util.spec_from_file_location("bootstrap", ROOT / "python" / "bootstrap.py")
    module = importlib.util.module_from_spec(found)
    sys.modules["bootstrap"] = module  # dataclasses look up their module
    found.loader.exec_module(module)
    yield module
    del sys.modules["bootstrap"]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The files that the set-up reads, and a folder for its log."""
    (tmp_path / "python").mkdir()
    (tmp_path / "build").mkdir()
    (tmp_path / "python" / "bootstrap.py").write_text("")
    (tmp_path / "constraints.txt").write_text("")
    (tmp_path / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["setuptools>=77"]\n'
        '[project]\ndependencies = ["rich>=14"]\n'
        '[dependency-groups]\ndev = ["pytest>=9"]\n'
    )
    return tmp_path


def make_environment(bootstrap: ModuleType, checkout: Path, *, torch: bool = True) -> tuple[Path, dict[str, str]]:
    """A virtual environment as after a finished set-up: its folder and its stamp."""
    venv = checkout / ".venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "bin" / "python").symlink_to(sys.executable)
    if torch:
        (venv / "lib" / "python3.11" / "site-packages" / f"torch-{bootstrap.TORCH}+cpu.dist-info").mkdir(parents=True)
    stamp = bootstrap.fingerprint(checkout, sys.version_info)
    bootstrap.write_stamp(venv, stamp)
    return venv, stamp


def titles(steps: list[Any]) -> list[str]:
    return [step.title.split()[0] for step in steps]


@pytest.mark.parametrize("version", [(3, 11, 0), (3, 12, 4), (3, 13, 9)])
def test_takes_the_python_that_runs_it_where_that_is_supported(bootstrap: ModuleType, version: tuple) -> None:
    assert bootstrap.find_python("/usr/bin/python3", version, probe=lambda name: None) == "/usr/bin/python3"


@pytest.mark.parametrize("version", [(3, 10, 13), (3, 14, 0)])
def test_looks_for_the_newest_supported_python_elsewhere(bootstrap: ModuleType, version: tuple) -> None:
    there = {"python3.12": ("/elsewhere/python3.12", (3, 12, 1)), "python3.11": ("/elsewhere/python3.11", (3, 11, 7))}
    assert bootstrap.find_python("/usr/bin/python3", version, probe=there.get) == "/elsewhere/python3.12"


def test_without_a_supported_python_it_says_what_is_needed_and_how_to_name_one(bootstrap: ModuleType) -> None:
    with pytest.raises(bootstrap.SetupFailed) as refused:
        bootstrap.find_python("/usr/bin/python3", (3, 9, 2), probe=lambda name: None)
    said = str(refused.value)
    for part in ("3.11 to 3.13", "/usr/bin/python3 is 3.9.2", "make setup PYTHON="):
        assert part in said


def test_a_launcher_that_is_on_path_but_does_not_run_is_no_python(
    bootstrap: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A version manager leaves such launchers for Pythons that are not active."""
    launcher = tmp_path / "python3.13"
    launcher.write_text("#!/bin/sh\necho python3.13: command not found >&2\nexit 127\n")
    launcher.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert bootstrap.probe_python("python3.13") is None
    assert bootstrap.probe_python("python3.12") is None


def test_the_range_of_pythons_is_the_one_in_pyproject(bootstrap: ModuleType) -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    oldest, newest = bootstrap.OLDEST, bootstrap.NEWEST
    assert project["requires-python"] == f">={oldest[0]}.{oldest[1]},<{newest[0]}.{newest[1] + 1}"
    assert f"torch=={bootstrap.TORCH}" in project["dependencies"]


def test_every_dependency_is_pinned(bootstrap: ModuleType) -> None:
    import re
    import tomllib

    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    read = tomllib.loads((ROOT / "pyproject.toml").read_text())
    asked = [*read["build-system"]["requires"], *read["project"]["dependencies"], *read["dependency-groups"]["dev"]]
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = [Requirement(line) for line in lines if line and not line.startswith("#")]
    assert all(re.fullmatch(r"==[^*]+", str(pin.specifier)) for pin in pins)
    pinned = {canonicalize_name(pin.name): str(pin.specifier).removeprefix("==") for pin in pins}
    for requirement in map(Requirement, asked):
        assert requirement.specifier.contains(pinned[canonicalize_name(requirement.name)]), requirement


def test_without_a_gpu_linux_never_gets_the_plain_torch_with_its_gigabytes_of_cuda(bootstrap: ModuleType) -> None:
    first, second = bootstrap.torch_attempts("python", gpu=False, mac=False)
    assert first[0][-1] == f"torch=={bootstrap.TORCH}+cpu"
    assert "--torch-backend=cpu" in second[1]


@pytest.mark.parametrize(("gpu", "mac"), [(True, False), (False, True)])
def test_with_a_gpu_or_on_a_mac_the_plain_torch_is_right(bootstrap: ModuleType, gpu: bool, mac: bool) -> None:
    [[command]] = bootstrap.torch_attempts("python", gpu=gpu, mac=mac)
    assert command[-1] == f"torch=={bootstrap.TORCH}"


def test_names_no_package_registry(bootstrap: ModuleType) -> None:
    for name in ("python/bootstrap.py", "constraints.txt", "Makefile", ".ci/run", "pyproject.toml"):
        text = (ROOT / name).read_text()
        assert "http://" not in text, name
        assert "https://" not in text, name


def test_a_fresh_checkout_gets_every_step(bootstrap: ModuleType, checkout: Path) -> None:
    steps = bootstrap.pending(checkout, checkout / ".venv", {}, bootstrap.fingerprint(checkout, sys.version_info))
    assert titles(steps) == ["Python", "PyTorch", "Packages,", "The"]
    [[packages]] = steps[2].attempts
    assert packages[-3:] == ["setuptools>=77", "rich>=14", "pytest>=9"]
    assert "constraints.txt" in packages


def test_a_finished_set_up_is_not_repeated(bootstrap: ModuleType, checkout: Path) -> None:
    venv, stamp = make_environment(bootstrap, checkout)
    assert bootstrap.pending(checkout, venv, bootstrap.read_stamp(venv), stamp) == []


@pytest.mark.parametrize("name", ["pyproject.toml", "constraints.txt", "python/bootstrap.py"])
def test_changed_requirements_are_installed_into_the_environment_there_is(
    bootstrap: ModuleType, checkout: Path, name: str
) -> None:
    venv, _ = make_environment(bootstrap, checkout)
    with (checkout / name).open("a") as file:
        file.write("# changed\n")
    stamp = bootstrap.fingerprint(checkout, sys.version_info)
    assert titles(bootstrap.pending(checkout, venv, bootstrap.read_stamp(venv), stamp)) == ["Packages,", "The"]


def test_another_python_or_a_moved_checkout_gets_a_new_environment(bootstrap: ModuleType, checkout: Path) -> None:
    venv, _ = make_environment(bootstrap, checkout)
    other = bootstrap.fingerprint(checkout, (3, 99, 0))
    assert titles(bootstrap.pending(checkout, venv, bootstrap.read_stamp(venv), other))[0] == "Python"
    moved = checkout.rename(checkout.with_name("moved"))
    stamp = bootstrap.fingerprint(moved, sys.version_info)
    done = bootstrap.read_stamp(moved / ".venv")
    assert titles(bootstrap.pending(moved, moved / ".venv", done, stamp))[0] == "Python"


def test_an_interrupted_set_up_starts_over(
    bootstrap: ModuleType, checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An interrupted run leaves no stamp, even after an earlier complete run."""
    venv, _ = make_environment(bootstrap, checkout)
    with (checkout / "pyproject.toml").open("a") as file:
        file.write("# changed\n")

    def interrupt(self: Any, step: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(bootstrap.Runner, "run", interrupt)
    with pytest.raises(KeyboardInterrupt):
        bootstrap.set_up(checkout)
    assert bootstrap.read_stamp(venv) == {}


def test_a_missing_terraform_does_not_cost_the_packages_again(
    bootstrap: ModuleType, checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_environment(bootstrap, checkout)
    ran: list[str] = []

    def run(self: Any, step: Any) -> None:
        ran.append(step.title)
        if len(ran) == 1:
            raise bootstrap.SetupFailed("no terraform")

    monkeypatch.setattr(bootstrap.Runner, "run", run)
    with pytest.raises(bootstrap.SetupFailed):
        bootstrap.set_up(checkout)
    bootstrap.set_up(checkout)
    bootstrap.set_up(checkout)
    assert ran == ["Terraform", "Terraform"]


def test_a_step_that_fails_shows_the_end_of_its_log_and_what_to_do(
    bootstrap: ModuleType, checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runner = bootstrap.Runner(checkout, 1)
    command = [sys.executable, "-c", "print('no such wheel'); raise SystemExit(1)"]
    with pytest.raises(bootstrap.SetupFailed) as failed:
        runner.run(bootstrap.Step("PyTorch", [[command]], hint="put its wheel into a folder"))
    said = str(failed.value)
    assert "no such wheel" in said
    assert str(checkout / "build" / "setup.log") in said
    assert said.endswith("put its wheel into a folder")
    assert capsys.readouterr().out == "[1/1] PyTorch failed\n"


def test_the_second_way_is_tried_where_the_first_fails(bootstrap: ModuleType, checkout: Path) -> None:
    fails = [sys.executable, "-c", "raise SystemExit(1)"]
    works = [sys.executable, "-c", "open('made', 'w').close()"]
    bootstrap.Runner(checkout, 1).run(bootstrap.Step("PyTorch", [[fails], [works]]))
    assert (checkout / "made").exists()


def test_caches_stay_inside_the_project_and_other_pythons_settings_outside(bootstrap: ModuleType) -> None:
    found = bootstrap.variables(Path("/project"), {"PATH": "/bin", "PYTHONPATH": "/else", "PIP_FIND_LINKS": "/wheels"})
    assert found["PIP_CACHE_DIR"] == "/project/build/cache/pip"
    assert found["UV_CACHE_DIR"] == "/project/build/cache/uv"
    assert found["PIP_FIND_LINKS"] == "/wheels"
    assert "PYTHONPATH" not in found


def test_needs_nothing_that_is_not_in_the_standard_library() -> None:
    """The set-up runs before anything is installed. -S leaves site-packages out."""
    code = "import sys; sys.path.insert(0, 'python'); import bootstrap; print(bootstrap.supported(sys.version_info))"
    done = subprocess.run(
        [sys.executable, "-S", "-B", "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "True\n"


def test_a_second_run_has_nothing_to_do_and_says_nothing(bootstrap: ModuleType, checkout: Path) -> None:
    script = ROOT / "python" / "bootstrap.py"
    (checkout / "python" / "bootstrap.py").write_bytes(script.read_bytes())
    venv, _ = make_environment(bootstrap, checkout)
    bootstrap.write_stamp(venv, {**bootstrap.fingerprint(checkout, sys.version_info), "terraform": "found"})
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "python/bootstrap.py"], cwd=checkout, capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert time.monotonic() - started < 5  # 0.1 s on an idle machine
