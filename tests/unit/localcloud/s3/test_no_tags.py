"""What a request writes does not grow with the number of objects in a bucket."""

from __future__ import annotations

import pickle
from collections.abc import Iterator

import pytest
from moto.s3.models import S3Backend, s3_backends
from moto.utilities.tagging_service import TaggingService

from localcloud.s3.gaps import no_tags


@pytest.fixture
def backend(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Backend]:
    monkeypatch.setattr(TaggingService, "tag_resource", TaggingService.tag_resource)
    no_tags.apply()
    backend = S3Backend("aws", "123456789012")
    backend.create_bucket("pictures", "us-east-1")
    yield backend
    s3_backends.bucket_accounts.pop("pictures")


def put(backend: S3Backend, key: str, tags: dict[str, str] | None) -> None:
    backend.put_object_tagging(backend.put_object("pictures", key, b"png"), tags)


def test_the_tags_of_objects_without_tags_take_no_room(backend: S3Backend) -> None:
    before = len(pickle.dumps(backend.tagger))
    for number in range(100):
        put(backend, f"{number}.png", {})
    assert len(pickle.dumps(backend.tagger)) == before


def test_tags_are_there_and_can_be_taken_off(backend: S3Backend) -> None:
    put(backend, "tagged.png", {"kind": "bicycle"})
    key = backend.get_object("pictures", "tagged.png")
    assert backend.get_object_tagging(key) == {"Tags": [{"Key": "kind", "Value": "bicycle"}]}
    backend.put_object_tagging(key, {})
    assert backend.get_object_tagging(key) == {"Tags": []}
