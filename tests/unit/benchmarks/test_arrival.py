"""An arrival's time ends when its own result is there, and pictures differ."""

from __future__ import annotations

from typing import Any

from benchmarks.arrival import latencies, pictures

ARRIVAL = {"uri": "s3://bucket/incoming/", "results_uri": "s3://bucket/results/"}


class Answering:
    """A bucket in which a result is there at the third look. Another object's result is always there."""

    def __init__(self) -> None:
        self.looks: dict[str, int] = {}
        self.stem = ""

    def put_object(self, Bucket: str, Key: str, Body: bytes) -> None:
        assert (Bucket, Key[:9], Key[-4:]) == ("bucket", "incoming/", ".png")
        self.stem = Key[9:-4]

    def list_objects_v2(self, Bucket: str, Prefix: str) -> dict[str, Any]:
        assert Prefix.startswith("results/dt=20")
        if not Prefix.endswith(f"/arrival-{self.stem}-"):
            return {"KeyCount": 1}
        self.looks[self.stem] = self.looks.get(self.stem, 0) + 1
        return {"KeyCount": int(self.looks[self.stem] >= 3)}


def test_each_upload_waits_for_its_own_result() -> None:
    s3 = Answering()
    assert len(latencies(s3, ARRIVAL, pictures(2))) == 2
    assert list(s3.looks.values()) == [3, 3]


def test_no_picture_comes_twice() -> None:
    assert len(set(pictures(20))) == 20
