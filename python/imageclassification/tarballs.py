"""Reads the members of a ``.tar.gz`` that anybody may have made: none is endless, and no header fills the memory.

Example::

    >>> import gzip, io, tarfile
    >>> buffer = io.BytesIO()
    >>> with tarfile.open(fileobj=buffer, mode="w") as made:
    ...     made.addfile(tarfile.TarInfo("a.txt"), io.BytesIO())
    >>> with tarfile.open(fileobj=io.BytesIO(buffer.getvalue()), mode="r|", tarinfo=BoundedMember) as archive:
    ...     [member.name for member in members(archive)]
    ['a.txt']

A member says how large it is, and tarfile believes it. It skips what a member claims even beyond the archive's end,
which takes years for a large number, and it reads the headers that precede a member into memory.
"""

from __future__ import annotations

import tarfile
import zlib
from collections.abc import Iterator

LARGEST = 4 << 30  # bytes, of all members; an archive of a model may hold the parameters of several epochs
MOST = 10_000  # members of an archive; each takes memory
LARGEST_HEADER = 1 << 20  # bytes
#: What reading a damaged archive raises, or one that was made to do harm, besides OSError.
DAMAGED = (tarfile.TarError, zlib.error, EOFError, ValueError, ArithmeticError, LookupError, RecursionError)


class BoundedMember(tarfile.TarInfo):
    """A member of an archive. tarfile reads its extended header, such as a long name, into memory."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> BoundedMember:
        found = super().frombuf(buf, encoding, errors)
        if found.type not in (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.DIRTYPE) and found.size > LARGEST_HEADER:
            raise ValueError(f"a header in it has {found.size:,} bytes")
        return found


def members(archive: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """The members of an archive that is read as a stream, of :class:`BoundedMember`.

    Raises:
        ValueError: If there are too many, or they claim to be larger than :data:`LARGEST` together.
    """
    for number, member in enumerate(archive):
        if number == MOST:
            raise ValueError(f"it has more than {MOST:,} members")
        # Where the next member begins, after all the bytes that this one claims to have. Its size may say something
        # else, because some headers change it.
        if archive.offset > LARGEST:
            raise ValueError(f"its member {member.name[:80]!r} ends after {archive.offset:,} bytes")
        yield member


def is_plain(member: tarfile.TarInfo) -> bool:
    """Whether a member is a file that holds its bytes: no link, no device, and not a sparse file in any format."""
    return member.type in (tarfile.REGTYPE, tarfile.AREGTYPE) and not member.issparse()
