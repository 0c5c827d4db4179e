"""Items of a distributed Map: AWS's recorded files, causes and orders."""

from __future__ import annotations

import gzip
import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.stepfunctions.integrations.readers import read
from localcloud.stepfunctions.language.scope import StateFailure

FIRST = {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"}
# AWS's recorded file: rows with too many and too few fields.
ROWS = "Value1,Value2,Value3\n,,,\ntrue,1,'HelloWorld'\nNull,None,\n   \n"


class Bucket:
    """S3 with one bucket whose pages have two objects."""

    def __init__(self, **objects: bytes | str) -> None:
        self.objects = {
            name.replace("__", "/"): text.encode() if isinstance(text, str) else text for name, text in objects.items()
        }

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:
        if Key not in self.objects:
            raise ClientError(
                {
                    "Error": {"Code": "NoSuchKey", "Message": "The specified key does not exist."},
                    "ResponseMetadata": {"HTTPStatusCode": 404},
                },
                "GetObject",
            )
        return {"Body": io.BytesIO(self.objects[Key])}

    def list_objects_v2(self, *, Bucket: str, Prefix: str = "", ContinuationToken: str = "0") -> dict[str, Any]:
        keys = sorted(key for key in self.objects if key.startswith(Prefix))
        begin = int(ContinuationToken)
        page = [
            {
                "Key": key,
                "ETag": '"e"',
                "Size": len(self.objects[key]),
                "LastModified": datetime(2026, 1, 28, tzinfo=UTC),
            }
            for key in keys[begin : begin + 2]
        ]
        more = begin + 2 < len(keys)
        return {"Contents": page, "IsTruncated": more, **({"NextContinuationToken": str(begin + 2)} if more else {})}


def items(content: bytes | str, config: dict[str, Any]) -> list[Any]:
    return read(Bucket(file=content), "getObject", {"Bucket": "b", "Key": "file"}, config)


@pytest.mark.parametrize(
    ("content", "config", "expected"),
    [
        (
            "Col1,Col2\n" + ROWS,
            FIRST,
            [
                {"Col1": "Value1", "Col2": "Value2"},
                {"Col1": "", "Col2": ""},
                {"Col1": "true", "Col2": "1"},
                {"Col1": "Null", "Col2": "None"},
                {"Col1": "   ", "Col2": ""},
            ],
        ),
        ("a;b\n1;2\n", {**FIRST, "CSVDelimiter": "SEMICOLON"}, [{"a": "1", "b": "2"}]),
        ("a\tb\n1\t2\n", {**FIRST, "CSVDelimiter": "TAB"}, [{"a": "1", "b": "2"}]),
        ('a b\n"1 x" 2\n', {**FIRST, "CSVDelimiter": "SPACE"}, [{"a": "1 x", "b": "2"}]),
        ("1,2\n", {"InputType": "CSV", "CSVHeaderLocation": "GIVEN", "CSVHeaders": ["H1"]}, [{"H1": "1"}]),
        ('\ufeff[1, {"a": null}]', {"InputType": "JSON"}, [1, {"a": None}]),
        ('{"a": {"b": [0]}}', {"InputType": "JSON", "ItemsPointer": "/a/b"}, [0]),
        ('{"a": 1}\r\n\n{"b": "x\u2028y"}\n', {"InputType": "JSONL"}, [{"a": 1}, {"b": "x\u2028y"}]),
        ("[1, 2, 3]", {"InputType": "JSON", "MaxItems": 2}, [1, 2]),
        ("[1, 2, 3]", {"InputType": "JSON", "MaxItems": 0}, [1, 2, 3]),
        ("[1, 2, 3]", {"InputType": "JSON", "MaxItems": 100_000_001}, [1, 2, 3]),
    ],
)
def test_a_files_items(content, config, expected):
    assert items(content, config) == expected


def test_the_keys_of_items_are_in_javas_order():
    assert list(items("0,True,{}\nValue4,Value5,Value6\n", FIRST)[0]) == ["0", "{}", "True"]
    assert list(items("H1,\nValue4,Value5\n", FIRST)[0]) == ["", "H1"]


@pytest.mark.parametrize(
    ("content", "config", "cause"),
    [
        ("a,a\n1,2\n", FIRST, "CSV headers cannot contain duplicates."),
        ('{"a": 1}', {"InputType": "JSON"}, "Attempting to map over non-iterable node."),
        ("[]", {"InputType": "JSON", "MaxItems": -1}, "field MaxItems must be positive"),
        ("{", {"InputType": "JSON"}, "The file is not valid JSON: "),
        ("{}", {"InputType": "JSON", "ItemsPointer": "/a"}, "ItemsPointer '/a' has no value in the file"),
        ("{}", {"InputType": "MANIFEST"}, "The file is not a manifest of S3 Inventory"),
        ("", {"InputType": "PARQUET"}, "the local cloud does not read PARQUET files: use CSV, JSON, JSONL, MANIFEST"),
    ],
)
def test_what_cannot_be_read_says_why(content, config, cause):
    with pytest.raises(StateFailure) as failed:
        items(content, config)
    assert failed.value.error == "States.ItemReaderFailed"
    assert failed.value.cause.startswith(cause)


def test_a_missing_object_has_s3s_cause():
    with pytest.raises(StateFailure) as failed:
        read(Bucket(), "getObject", {"Bucket": "b", "Key": "none"}, {"InputType": "JSON"})
    assert failed.value.error == "States.ItemReaderFailed"
    assert failed.value.cause.startswith("The specified key does not exist. (Service: Amazon S3; Status Code: 404; ")


def test_a_list_goes_on_after_its_first_page():
    bucket = Bucket(a__1="x", a__2="x", a__3="xy", b__1="x")
    found = read(bucket, "listObjectsV2", {"Bucket": "b", "Prefix": "a/"}, {})
    assert [one["Key"] for one in found] == ["a/1", "a/2", "a/3"]
    assert found[2] == {"Etag": '"e"', "Key": "a/3", "LastModified": 1769558400, "Size": 2, "StorageClass": "STANDARD"}
    assert len(read(bucket, "listObjectsV2", {"Bucket": "b"}, {"MaxItems": 3})) == 3


def test_a_list_can_be_loaded_and_flattened():
    bucket = Bucket(a__1="[1, 2]", a__2="[3]")
    config = {"InputType": "JSON", "Transformation": "LOAD_AND_FLATTEN"}
    assert read(bucket, "listObjectsV2", {"Bucket": "b", "Prefix": "a/"}, config) == [1, 2, 3]


def test_an_inventory_names_its_files_and_columns():
    manifest = {
        "destinationBucket": "arn:aws:s3:::inventories",
        "fileFormat": "CSV",
        "fileSchema": "Bucket, Key",
        "files": [{"key": "data/1.csv.gz"}, {"key": "data/2.csv"}],
    }
    bucket = Bucket(
        manifest=json.dumps(manifest), **{"data__1.csv.gz": gzip.compress(b'"b","k1"\n'), "data__2.csv": '"b","k2"\n'}
    )
    found = read(bucket, "getObject", {"Bucket": "b", "Key": "manifest"}, {"InputType": "MANIFEST"})
    assert found == [{"Bucket": "b", "Key": "k1"}, {"Bucket": "b", "Key": "k2"}]


def test_a_manifest_of_athena_names_the_files_of_the_items():
    bucket = Bucket(manifest="s3://b/1\ns3://b/2\n", **{"1": '{"a": 1}\n', "2": '{"a": 2}\n'})
    config = {"ManifestType": "ATHENA_DATA", "InputType": "JSONL"}
    assert read(bucket, "getObject", {"Bucket": "b", "Key": "manifest"}, config) == [{"a": 1}, {"a": 2}]


def test_a_bucket_or_key_that_is_no_text_fails_the_reader():
    for action, arguments in (("getObject", {"Bucket": "b"}), ("listObjectsV2", {"Bucket": 5})):
        with pytest.raises(StateFailure, match="must be a string but was") as failure:
            read(Bucket(), action, arguments, {})
        assert failure.value.error == "States.ItemReaderFailed"


def test_a_broken_gzip_file_fails_the_reader():
    with pytest.raises(StateFailure, match="The file is not valid GZIP"):
        read(Bucket(f=b"\x1f\x8b\x08aaaa"), "getObject", {"Bucket": "b", "Key": "f"}, FIRST)
