"""The cloud's log stays small, loses no line, and belongs to its owner."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from localcloud import log
from localcloud.logfile import LogFile, open_log

#: Threads write lines in each way in which a process writes, while the log is exchanged.
WRITER = """
import os, sys, threading
from pathlib import Path
from localcloud import log
from localcloud.logfile import LogFile

ways = {
    "log": log.line,
    "print": lambda text: print(f"{text}\\n", end=""),
    "error": lambda text: os.write(2, f"{text}\\n".encode()),
}
def write(name, say):
    for number in range(400):
        say(f"{name} {number:06d} {'x' * 60}")

threads = [threading.Thread(target=write, args=one) for one in ways.items()]
written, begun = LogFile(Path("cloud.log"), Path("cloud.previous.log"), largest=48_000), 0
for thread in threads:
    thread.start()
while any(thread.is_alive() for thread in threads):
    begun += written.rotate()
os.write(2, f"begun {begun + written.rotate()}\\n".encode())
"""


def test_no_line_is_lost_however_it_is_written(tmp_path: Path) -> None:
    output = open_log(tmp_path / "cloud.log")
    subprocess.run(
        [sys.executable, "-u", "-c", WRITER], cwd=tmp_path, stdout=output, stderr=output, check=True, timeout=60
    )
    os.close(output)
    texts = [(tmp_path / name).read_text() for name in ("cloud.previous.log", "cloud.log")]
    whole = "".join(texts)
    assert int(re.findall(r"^begun (\d+)$", whole, re.MULTILINE)[0]) == 1  # 83 kB: one exchange
    assert all(texts)
    for name in ("log", "print", "error"):
        numbers = [int(found) for found in re.findall(rf"^{name} (\d+) x{{60}}$", whole, re.MULTILINE)]
        assert numbers == list(range(400))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cloud.log", "cloud.previous.log"]


def test_the_log_and_its_older_part_are_their_owners(tmp_path: Path) -> None:
    output = open_log(tmp_path / "cloud.log")
    os.write(output, b"x" * 11)
    assert LogFile(tmp_path / "cloud.log", tmp_path / "older.log", largest=10, outputs=(output,)).rotate()
    os.close(output)
    for name in ("cloud.log", "older.log"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


@pytest.mark.parametrize("fault", ["the log was deleted", "the folder takes no file", "the output is another file"])
def test_a_log_that_cannot_be_exchanged_goes_on(tmp_path: Path, fault: str) -> None:
    output = open_log(tmp_path / "cloud.log")
    os.write(output, b"x" * 11)
    if fault == "the log was deleted":
        (tmp_path / "cloud.log").unlink()
    elif fault == "the folder takes no file":
        (tmp_path / "cloud.log.part").mkdir()
    else:
        (tmp_path / "cloud.log").rename(tmp_path / "moved.log")
        (tmp_path / "cloud.log").touch()
    assert not LogFile(tmp_path / "cloud.log", tmp_path / "older.log", largest=10, outputs=(output,)).rotate()
    assert os.write(output, b"more") == 4
    os.close(output)


def test_a_request_cannot_write_a_line_without_end(capsys: pytest.CaptureFixture[str]) -> None:
    log.line("x" * 1_000_000)
    assert capsys.readouterr().out.endswith(" ... (1,000,000 characters)\n")
    log.failure(ValueError("y" * 1_000_000))
    assert len(capsys.readouterr().out) < 20_000
