"""A function's zip on disk: links are kept, and nothing leaves its folder."""

from __future__ import annotations

import io
import stat
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from localcloud.lambda_ import packages
from localcloud.lambda_.packages import BadPackage, check, unpacked


def packed(files: dict[str, str], links: dict[str, str] | None = None) -> bytes:
    """A zip that holds the links before the files, so that an unpacker that is careless writes through them."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, place in (links or {}).items():
            entry = zipfile.ZipInfo(name)
            entry.create_system = 3  # Unix
            entry.external_attr = (stat.S_IFLNK | 0o777) << 16
            archive.writestr(entry, place)
        for name, text in files.items():
            archive.writestr(name, text)
    return buffer.getvalue()


def test_links_are_kept_also_through_each_other(tmp_path: Path) -> None:
    links = {"a/now": "v2", "b": "a/now/x.py", "up/x.py": "../a/v2/x.py", "nowhere": "missing", "round": "round"}
    folder = unpacked(tmp_path, packed({"a/v2/x.py": "two"}, links))
    assert {name: (folder / name).readlink().as_posix() for name in links} == links
    for name in ("a/now/x.py", "b", "up/x.py"):
        assert (folder / name).read_text() == "two"


@pytest.mark.parametrize(
    ("files", "links", "said"),
    [
        ({}, {"a": "/etc/passwd"}, "the link 'a' leads out"),
        ({}, {"a": "../b"}, "the link 'a' leads out"),
        ({}, {"a/b/c": "../../../d"}, "the link 'a/b/c' leads out"),
        ({"x/y/z/f": ""}, {"deep": "x/y", "a": "deep/../../.."}, "the link 'a' leads out"),
        ({}, {"a": "b/c", "b": "..", "c": "a"}, "leads out"),
        ({"a/f": ""}, {"a": "b"}, "'a/f' is below 'a', which is a link"),
        ({"a/f": ""}, {"a": "/etc"}, "'a/f' is below 'a', which is a link"),
        ({"a": "", "a/f": ""}, {}, "'a/f' is below 'a', which is a file"),
        ({"../f": ""}, {}, "'../f' leads out of the zip"),
        ({"/f": ""}, {}, "'/f' leads out of the zip"),
        ({"a": "text"}, {"a": "b"}, "'a' is there twice"),
        ({}, {}, "the zip is empty"),
    ],
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_what_would_leave_its_folder_is_refused_and_leaves_nothing(
    tmp_path: Path, files: dict[str, str], links: dict[str, str], said: str
) -> None:
    with pytest.raises(BadPackage, match=said):
        unpacked(tmp_path / "code", packed(files, links))
    assert list(tmp_path.rglob("*")) == []


def test_calls_at_once_unpack_a_zip_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nine executions that begin with a function of 190 MB took minutes, since each wrote the whole of it."""
    times = []
    original = packages.unpacked

    def counted(folder: Path, code: bytes) -> Path:
        times.append(folder)
        return original(folder, code)

    monkeypatch.setattr(packages, "unpacked", counted)
    code = packed({f"package/{number}.py": "" for number in range(200)})
    ours, ready = packages.Unpacked(tmp_path), threading.Barrier(9)

    def ask(_: int) -> str:
        ready.wait()
        return ours.function(code)

    with ThreadPoolExecutor(9) as threads:
        (folder,) = set(threads.map(ask, range(9)))
    assert len(times) == 1
    assert len(list(Path(folder, "package").iterdir())) == 200


def test_what_is_no_zip_or_a_damaged_one_is_refused() -> None:
    whole = packed({"handler.py": "def handler(event, context): ..."})
    damaged = whole.replace(b"def handler", b"def HANDLER")
    for code in (b"", b"no zip", whole[: len(whole) // 2], damaged):
        with pytest.raises(BadPackage):
            check(code)


def test_a_zip_that_grows_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("a", "b", "c"):
            with archive.open(name, "w") as file:
                for _ in range(90):
                    file.write(bytes(1 << 20))
    assert len(buffer.getvalue()) < 300_000
    with pytest.raises(BadPackage, match="Unzipped size must be smaller than 262144000 bytes, and it is 283115520"):
        unpacked(tmp_path / "code", buffer.getvalue())
    assert list(tmp_path.iterdir()) == []


def test_a_zip_that_understates_its_size_is_damaged() -> None:
    """Otherwise it could pass the check of the size."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", bytes(1_000_000))
    size = (1_000_000).to_bytes(4, "little")
    with pytest.raises(BadPackage, match="'a'"):
        check(buffer.getvalue().replace(size, (10).to_bytes(4, "little")))


def test_a_zip_of_too_many_files_or_of_a_long_link_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadPackage, match="the link 'a' has a target of 5000 bytes"):
        check(packed({}, {"a": "b" * 5000}))
    monkeypatch.setattr("localcloud.lambda_.packages.MOST_FILES", 9)
    with pytest.raises(BadPackage, match="has 10 files, and 9 are allowed"):
        check(packed({str(number): "" for number in range(10)}))
