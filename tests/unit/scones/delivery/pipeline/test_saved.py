"""Saved plans are applied as they were reviewed, or not at all."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from scones.delivery.pipeline import saved
from scones.delivery.pipeline.saved import Saved
from scones.errors import InputError

FOUNDATION = Saved("foundation", "dev", "1" * 40, "2" * 40, "Terraform 1.11.4", changes=True, lineage="a", serial=3)
SERVICE = Saved("service", "dev", "1" * 40, "2" * 40, "Terraform 1.11.4", deferred="to be planned later")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "foundation.tfplan").write_bytes(b"a plan")
    (tmp_path / "foundation.lock.hcl").write_text("provider {}")
    saved.write(tmp_path, [FOUNDATION, SERVICE])
    return tmp_path


def test_what_was_written_is_read(folder: Path) -> None:
    assert saved.read(folder, expected=saved.digest(folder).upper()) == [FOUNDATION, SERVICE]


@pytest.mark.parametrize("name", ["foundation.tfplan", "foundation.lock.hcl", "foundation.json", "service.json"])
def test_a_file_that_was_changed_is_refused(folder: Path, name: str) -> None:
    (folder / name).write_bytes((folder / name).read_bytes() + b" ")
    with pytest.raises(InputError, match=rf"{name} was changed after it was written"):
        saved.read(folder)


def test_a_file_that_is_missing_is_refused(folder: Path) -> None:
    (folder / "foundation.tfplan").unlink()
    with pytest.raises(InputError, match=r"foundation.tfplan is missing"):
        saved.read(folder)


def test_plans_made_anew_are_not_those_that_were_reviewed(folder: Path) -> None:
    """Somebody who replaces a plan can also replace its checksums, but not the digest that the reviewer saw."""
    reviewed = saved.digest(folder)
    (folder / "foundation.tfplan").write_bytes(b"another plan")
    saved.write(folder, [FOUNDATION, SERVICE])
    with pytest.raises(InputError, match="not the plans that were reviewed"):
        saved.read(folder, expected=reviewed)


def test_a_plan_that_the_sums_do_not_name_is_refused(folder: Path) -> None:
    sums = folder / saved.SUMS
    sums.write_text("".join(line for line in sums.read_text().splitlines(True) if "tfplan" not in line))
    with pytest.raises(InputError, match=r"does not name foundation\.tfplan"):
        saved.read(folder)


def test_sums_cannot_name_a_file_elsewhere(folder: Path) -> None:
    sums = folder / saved.SUMS
    sums.write_text(sums.read_text().replace("foundation.tfplan", "../foundation.tfplan"))
    with pytest.raises(InputError, match="not whole"):
        saved.read(folder)


def test_a_description_of_another_form_is_refused(folder: Path) -> None:
    (folder / "other.json").write_text("[]")
    sums = folder / saved.SUMS
    sums.write_text(sums.read_text() + f"{hashlib.sha256(b'[]').hexdigest()}  other.json\n")
    with pytest.raises(InputError, match=r"other\.json does not describe a saved plan"):
        saved.read(folder)


def test_where_nothing_was_planned_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there are no saved plans") as refusal:
        saved.read(tmp_path / "dev")
    assert refusal.value.hint == "make them: invoke ci.pr, with the same --env and --out"


@pytest.mark.parametrize(
    ("sums", "words"),
    [(b"", "names no stack's plan"), (b"x\n", "no list of SHA-256"), (b"\xff\xfe", "no list of SHA-256")],
)
def test_sums_of_another_form_are_refused(folder: Path, sums: bytes, words: str) -> None:
    (folder / saved.SUMS).write_bytes(sums)
    with pytest.raises(InputError, match=words):
        saved.read(folder)


@pytest.mark.parametrize("stack", ["database", "bootstrap"])
def test_a_description_of_another_stack_than_its_name_says_is_refused(folder: Path, stack: str) -> None:
    path = folder / "service.json"
    path.write_text(path.read_text().replace('"service"', f'"{stack}"'))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    sums = folder / saved.SUMS
    lines = [line for line in sums.read_text().splitlines() if "service" not in line]
    sums.write_text("\n".join([*lines, f"{digest}  service.json"]))
    with pytest.raises(InputError, match=rf"service\.json does not describe a saved plan: .*{stack}"):
        saved.read(folder)


def test_a_folder_loses_its_plans_and_nothing_else(folder: Path) -> None:
    (folder / "notes.txt").write_text("mine")
    (folder / "package.json").write_text("{}")
    saved.clear(folder)
    assert sorted(path.name for path in folder.iterdir()) == ["notes.txt", "package.json"]
    saved.clear(folder / "new" / "one")
    assert (folder / "new" / "one").is_dir()
