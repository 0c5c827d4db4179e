"""RecordIO follows the published format byte by byte, and no bytes make the reader crash."""

import io
import struct
import tracemalloc
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imageclassification.errors import InputDataError
from imageclassification.recordio import LARGEST, MAGIC, ImageRecord, encode, read, unpack, write

# These pieces make the rare case common: the magic number, aligned and not aligned.
RECORDS = st.lists(st.sampled_from([MAGIC, b"\x0a", b"\x23\xd7\xce", b"", b"abcd", bytes(5)]), max_size=12).map(
    b"".join
)


def decoded(content: bytes) -> list[bytes]:
    return list(read(io.BytesIO(content)))


@pytest.mark.parametrize(
    ("record", "content"),
    [
        (b"", "0a23d7ce 00000000"),
        (b"abcd", "0a23d7ce 04000000 61626364"),
        (b"abcde", "0a23d7ce 05000000 61626364 65000000"),
        # The record is split at each magic number, which is left out: first (flag 1), middle (2) and last part (3).
        (b"abcd" + MAGIC + b"e", "0a23d7ce 04000020 61626364 0a23d7ce 01000060 65000000"),
        (MAGIC, "0a23d7ce 00000020 0a23d7ce 00000060"),
        (MAGIC * 2, "0a23d7ce 00000020 0a23d7ce 00000040 0a23d7ce 00000060"),
        # A magic number that is not at a multiple of four is ordinary content.
        (b"a" + MAGIC, "0a23d7ce 05000000 610a23d7 ce000000"),
    ],
)
def test_records_are_the_published_formats_bytes(record, content):
    assert encode(record) == bytes.fromhex(content)
    assert decoded(bytes.fromhex(content)) == [record]


@given(st.lists(st.binary(max_size=40) | RECORDS, max_size=5))
def test_reads_what_it_wrote_whatever_the_bytes(records):
    content = b"".join(encode(record) for record in records)
    assert decoded(content) == records
    assert len(content) % 4 == 0


@given(RECORDS)
def test_the_magic_number_stands_only_where_a_part_begins(record):
    content, places, offset = encode(record), set(), 0
    while offset < len(content):
        places.add(offset)
        length = struct.unpack_from("<I", content, offset + 4)[0] & LARGEST
        offset += 8 + (length + 3) // 4 * 4
    assert {place for place in range(0, len(content), 4) if content[place : place + 4] == MAGIC} == places


@given(st.binary(max_size=64) | st.builds(lambda record, tail: encode(record) + MAGIC + tail, RECORDS, st.binary()))
def test_any_bytes_are_records_or_a_named_error(content):
    with suppress(InputDataError):
        for record in decoded(content):
            assert unpack(record).labels


@given(st.lists(RECORDS, min_size=1, max_size=3), st.data())
def test_a_file_that_is_cut_short_is_never_taken_for_a_whole_one(records, data):
    parts = [encode(record) for record in records]
    content = b"".join(parts)
    whole = {sum(map(len, parts[:count])) for count in range(len(parts) + 1)}
    cut = data.draw(st.integers(0, len(content)).filter(lambda place: place not in whole))
    with pytest.raises(InputDataError, match="is cut short"):
        decoded(content[:cut])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\x89PNG\r\n\x1a\n", "record 0, at byte 0, does not begin with RecordIO's magic number but with 89504e47"),
        (encode(b"abcd") + b"garbage!", "record 1, at byte 12, does not begin with RecordIO's magic number"),
        (MAGIC + struct.pack("<I", 2 << 29), "out of order"),  # a middle part without a first part
        (MAGIC + struct.pack("<I", 3 << 29), "out of order"),
        (MAGIC + struct.pack("<I", 5 << 29), r"out of order \(flag 5\)"),
        (MAGIC + struct.pack("<I", 1 << 29), "cut short"),  # a first part without a last part
        ((MAGIC + struct.pack("<I", 1 << 29)) * 2, "out of order"),
    ],
)
def test_says_where_a_file_is_damaged(content, reason):
    with pytest.raises(InputDataError, match=reason):
        decoded(content)


def test_a_length_that_is_not_there_takes_no_memory():
    content = MAGIC + struct.pack("<I", LARGEST) + bytes(100)
    tracemalloc.start()
    try:
        with pytest.raises(InputDataError, match="cut short"):
            decoded(content)
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


class Endless(io.RawIOBase):
    """A stream of one record with endless parts of the maximum size."""

    def __init__(self):
        self.parts = 0

    def read(self, size=-1):
        if size == 8:
            self.parts += 1
            return MAGIC + struct.pack("<I", (1 if self.parts == 1 else 2) << 29 | (0 if self.parts == 1 else LARGEST))
        return bytes(size)


def test_a_record_larger_than_the_format_allows_is_not_gathered():
    with pytest.raises(InputDataError, match="its parts have more than 536,870,911 bytes"):
        next(read(Endless()))


def test_refuses_to_write_what_the_format_cannot_hold():
    class Large(bytes):
        def __len__(self):
            return LARGEST + 1

    with pytest.raises(InputDataError, match="536,870,912 bytes is too large for RecordIO"):
        encode(Large())


def test_an_images_record_is_as_mxnet_packs_it():
    one = ImageRecord((1.0,), b"image", id=7)
    assert one.pack() == bytes.fromhex("00000000 0000803f 0700000000000000 0000000000000000") + b"image"
    several = ImageRecord((1.0, 0.0, 1.0), b"image", id=7)
    assert several.pack() == bytes.fromhex(
        "03000000 00000000 0700000000000000 0000000000000000 0000803f 00000000 0000803f"
    ) + b"image"  # fmt: skip


LABELS = st.lists(st.floats(width=32, allow_nan=False), min_size=1, max_size=5).map(tuple)
IDS = st.integers(0, 2**64 - 1)


@given(st.builds(ImageRecord, LABELS, st.binary(), IDS, IDS))
def test_an_images_record_comes_back(record):
    assert unpack(record.pack()) == record


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (bytes(23), "train.rec record 3 has 23 bytes, too few for an image's record"),
        (struct.pack("<IfQQ", 2**32 - 1, 0, 0, 0), "too few for the 4,294,967,295 labels"),
    ],
)
def test_says_which_record_holds_no_image(record, reason):
    with pytest.raises(InputDataError, match=reason):
        unpack(record, "train.rec record 3")


def test_a_file_appears_whole_or_not_at_all(tmp_path):
    path = tmp_path / "new" / "train.rec"

    def failing():
        yield b"one"
        raise RuntimeError("stop")

    with pytest.raises(RuntimeError):
        write(path, failing())
    assert list(path.parent.iterdir()) == []
    assert write(path, [b"one", b"two"]) == 2
    assert [file.name for file in path.parent.iterdir()] == ["train.rec"]
    assert list(read(path)) == [b"one", b"two"]


def test_a_file_can_be_read_again_from_where_a_record_began(tmp_path):
    path = tmp_path / "train.rec"
    records = [b"a" * length + MAGIC for length in range(6)]
    write(path, records)
    with path.open("rb") as file:
        places = [file.tell()]
        for _ in read(file):
            places.append(file.tell())
        for place, record in zip(places, records, strict=False):
            file.seek(place)
            assert next(read(file)) == record
