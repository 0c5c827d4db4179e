"""A wrong archive file gives an error that names the problem."""

import gzip
import hashlib
import io
import tarfile
from contextlib import suppress

import pytest

from imageclassification import artifact
from imageclassification.errors import ArtifactError
from scones.dataset.archive import Archive
from scones.errors import DatasetError

CLASSES = ("bicycle", "motorcycle")


def write_entry(path, name, *, kind=tarfile.REGTYPE, size=None, content=b"x"):
    entry = tarfile.TarInfo(name)
    entry.type, entry.size = kind, len(content) if kind == tarfile.REGTYPE else 0
    entry.linkname = "/etc/passwd" if kind != tarfile.REGTYPE else ""
    with tarfile.open(path, "w:gz") as tar:
        tar.addfile(entry, io.BytesIO(content))


@pytest.mark.parametrize("share", [0.02, 0.3, 0.7, 0.999])
def test_names_a_truncated_archive(archive, share):
    content = archive.read_bytes()
    archive.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(DatasetError, match=r"small.tar.gz is truncated or damaged"):
        Archive(archive).read(CLASSES)


def test_names_an_archive_with_a_flipped_bit(archive):
    content = bytearray(archive.read_bytes())
    content[len(content) // 2] ^= 1
    archive.write_bytes(content)
    with pytest.raises(DatasetError, match="truncated or damaged"):
        Archive(archive).read(CLASSES)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 a zip", b"<html>not found</html>"])
def test_names_a_file_that_is_no_archive(tmp_path, content):
    path = tmp_path / "other.tar.gz"
    path.write_bytes(content)
    with pytest.raises(DatasetError, match=r"other.tar.gz is (not a .tar.gz file|truncated)"):
        Archive(path).read(CLASSES)


def test_names_a_missing_file(tmp_path):
    for call in (Archive(tmp_path / "none").identity, lambda: Archive(tmp_path / "none").read(CLASSES)):
        with pytest.raises(DatasetError, match="none cannot be read: No such file"):
            call()


@pytest.mark.parametrize("name", ["../train", "cifar-100-python/../../train", "/etc/train", "a\\..\\..\\train"])
def test_refuses_paths_that_lead_out_of_the_archive(tmp_path, name):
    write_entry(tmp_path / "bad.tar.gz", name)
    with pytest.raises(DatasetError, match="leads out of the archive"):
        Archive(tmp_path / "bad.tar.gz").read(CLASSES)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])
def test_refuses_links_and_devices(tmp_path, kind):
    write_entry(tmp_path / "bad.tar.gz", "cifar-100-python/train", kind=kind)
    with pytest.raises(DatasetError, match="a link or a device"):
        Archive(tmp_path / "bad.tar.gz").read(CLASSES)


@pytest.mark.parametrize(
    ("name", "what"),
    [("cifar-10-batches-py/data_batch_1", "CIFAR-10;"), ("cifar-100-binary/train.bin", "the binary version")],
)
def test_knows_its_sisters(tmp_path, name, what):
    write_entry(tmp_path / "other.tar.gz", name)
    with pytest.raises(DatasetError, match=f"other.tar.gz is {what}"):
        Archive(tmp_path / "other.tar.gz").read(CLASSES)


def test_names_a_missing_member(pack, members):
    del members["test"]
    with pytest.raises(DatasetError, match="not CIFAR-100: it has no file 'test'"):
        Archive(pack(members)).read(CLASSES)


def test_refuses_a_wrong_checksum_with_both(archive):
    right = hashlib.md5(archive.read_bytes()).hexdigest()
    assert Archive(archive, md5=right).identity().sha256 == hashlib.sha256(archive.read_bytes()).hexdigest()
    with pytest.raises(DatasetError, match=f"wrong checksum: MD5 {right}, not {'0' * 32}"):
        Archive(archive, md5="0" * 32).identity()


def long_names(count):
    """An archive that begins with many headers of long names, each before the next."""
    header = tarfile.TarInfo("././@LongLink")
    header.type, header.size = tarfile.GNUTYPE_LONGNAME, 5
    return (header.tobuf(tarfile.GNU_FORMAT) + b"name\0".ljust(512, b"\0")) * count


def pax(records):
    header = tarfile.TarInfo("././@PaxHeader")
    header.type, header.size = tarfile.XHDTYPE, len(records)
    return header.tobuf(tarfile.USTAR_FORMAT) + records.ljust(512, b"\0")


HOSTILE = {
    "headers of headers": long_names(2_000),
    "a record of any length": pax(b"99999999999999999999 a=b\n"),
    "a sparse file of exabytes": pax(b"22 GNU.sparse.map=0,1\n") + pax(b"29 size=9000000000000000000\n"),
    "a member of exabytes": pax(b"28 size=9000000000000000000\n"),
    "a map without an end": pax(b"22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_an_archive_that_was_made_to_do_harm_is_one_error_in_a_moment(tmp_path, what):
    """They ended in a traceback, or were read for years: tarfile skips what a member claims, beyond the end too."""
    member = tarfile.TarInfo("train")
    member.size = 5
    end = member.tobuf(tarfile.USTAR_FORMAT) + b"hello".ljust(512, b"\0") + bytes(1024)
    path = tmp_path / "bad.tar.gz"
    path.write_bytes(gzip.compress(HOSTILE[what] + end))
    with pytest.raises(DatasetError):
        Archive(path).read(CLASSES)
    with pytest.raises(ArtifactError):
        artifact.read(path)
    with suppress(ArtifactError):
        assert artifact.epochs(path) == []
