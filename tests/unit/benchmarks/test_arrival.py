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
    assert len(latencies(s3, ARRIVAL, pictures(2), rest=lambda seconds: None)) == 2
    assert list(s3.looks.values()) == [3, 3]


class Slowed:
    """A cloud on the same machine: a result takes 100 ms, and each look at it holds it up for 20 more."""

    def __init__(self) -> None:
        self.now = self.due = 0.0
        self.looks = [0]

    def put_object(self, **_: Any) -> None:
        self.due = self.now + 0.1
        self.looks.append(0)

    def list_objects_v2(self, **_: Any) -> dict[str, Any]:
        there = self.now >= self.due
        self.now, self.due = self.now + 0.02, self.due + 0.02 * (not there)
        self.looks[-1] += 1
        return {"KeyCount": int(there)}

    def rest(self, seconds: float) -> None:
        self.now += seconds


def test_looking_does_not_make_what_it_measures_slower() -> None:
    """The first upload is looked at from its begin on. The later ones are looked at less and less."""
    s3 = Slowed()
    took = latencies(s3, ARRIVAL, pictures(12), clock=lambda: s3.now, rest=s3.rest)
    assert took[0] > 0.2
    assert max(took[6:]) < 0.16
    assert max(s3.looks[7:]) <= 3


def test_no_picture_comes_twice() -> None:
    assert len(set(pictures(20))) == 20
