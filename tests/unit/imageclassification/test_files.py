"""Files appear whole or not at all."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from imageclassification import files


@pytest.mark.parametrize(("content", "found"), [("grün\n", "grün\n".encode()), (b"\0\r\n", b"\0\r\n")])
def test_writes_text_as_utf8_and_bytes_as_they_are_into_a_folder_that_it_makes(tmp_path, content, found):
    path = tmp_path / "a" / "b" / "file"
    assert files.write(path, content) == path
    assert path.read_bytes() == found
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("failure", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_failure_leaves_the_old_file_and_nothing_beside_it(tmp_path, monkeypatch, failure):
    path = files.write(tmp_path / "file", "old")
    write_bytes = Path.write_bytes

    def fails_halfway(self, data):
        write_bytes(self, data[:1])
        raise failure

    monkeypatch.setattr(Path, "write_bytes", fails_halfway)
    with pytest.raises(type(failure)):
        files.write(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_killed_process_was_writing_is_swept_and_what_a_living_one_writes_is_not(tmp_path):
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    (tmp_path / f".model.tar.gz.{int(gone.stdout)}-1234.part").write_bytes(b"half")
    living = tmp_path / f".other.{os.getppid()}-1234.part"
    living.write_bytes(b"half")
    mine = tmp_path / ".notes.part"
    mine.write_text("a user's file")
    path = files.write(tmp_path / "file", "new")
    assert sorted(tmp_path.iterdir()) == sorted([living, mine, path])
