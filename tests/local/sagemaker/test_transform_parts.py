"""The parts of a transform job that need no cloud: records, payloads, and JSONPath."""

from __future__ import annotations

import gzip
import io
import struct

import pytest
from moto.sagemaker.exceptions import ValidationError

from imageclassification import recordio
from localcloud.sagemaker.transform import joining
from localcloud.sagemaker.transform.request import check
from localcloud.sagemaker.transform.splitting import BadInput, Cut, unzipped


def tf_record(content: bytes) -> bytes:
    return struct.pack("<QI", len(content), 0) + content + bytes(4)


RECORDS = [b"one", b"three", b"\x0a\x23\xd7\xce" * 3]


@pytest.mark.parametrize(("split", "wrap"), [("RecordIO", recordio.encode), ("TFRecord", tf_record)])
def test_a_record_is_bare_alone_and_wrapped_among_others(split, wrap) -> None:
    content = b"".join(wrap(record) for record in RECORDS)
    assert list(Cut(split, single=True, largest=100).payloads(content)) == RECORDS
    assert list(Cut(split, single=False, largest=1000).payloads(content)) == [content]
    most = len(wrap(RECORDS[2]))
    assert b"".join(Cut(split, single=False, largest=most).payloads(content)) == content
    assert len(list(Cut(split, single=False, largest=most).payloads(content))) > 1


@pytest.mark.parametrize("split", ["RecordIO", "TFRecord"])
@pytest.mark.parametrize("content", [b"no records at all", tf_record(b"abc")[:-1], recordio.encode(b"abc")[:-1]])
def test_an_object_of_another_format_is_told(split, content) -> None:
    with pytest.raises(BadInput, match=r"it is not (RecordIO|TFRecord)"):
        list(Cut(split, single=True, largest=100).payloads(content))


def test_lines_have_any_ending_and_empty_ones_are_no_records() -> None:
    content = b"one\r\n\ntwo\n\n"
    assert list(Cut("Line", single=True, largest=9).payloads(content)) == [b"one", b"two"]
    assert list(Cut("Line", single=False, largest=99).payloads(content)) == [content]


@pytest.mark.parametrize("split", ["None", "Line"])
@pytest.mark.parametrize("single", [True, False])
def test_a_record_that_is_larger_than_a_payload_is_told(split, single) -> None:
    with pytest.raises(BadInput, match="Too much data for max payload size"):
        list(Cut(split, single=single, largest=3).payloads(b"four"))


@pytest.mark.parametrize(
    "content", [b"plain", gzip.compress(b"whole", mtime=0)[:-4], b"\x1f\x8b"], ids=["plain", "cut", "begun"]
)
def test_what_is_no_gzip_is_told(content) -> None:
    with pytest.raises(BadInput, match="gzip"):
        unzipped(content)
    assert unzipped(gzip.compress(b"whole")) == b"whole"


RECORD = {"id": 7, "features": [1, 2, 3, 4], "of": {"a": 1, "b": {"c": 2}}}


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("$", RECORD),
        ("$.id", 7),
        ("$['id']", 7),
        ("$['id','features']", {"id": 7, "features": [1, 2, 3, 4]}),
        ("$.of.['a','b']", {"a": 1, "b": {"c": 2}}),
        ("$.of.b.c", 2),
        ("$.of.*", [1, {"c": 2}]),
        ("$.features[*]", [1, 2, 3, 4]),
        ("$.features[1]", 2),
        ("$.features[-1]", 4),
        ("$.features[0, -1]", [1, 4]),
        ("$.features[1:2]", [2, 3]),
        ("$.features[2:]", [3, 4]),
        ("$.features[:1]", [1, 2]),
        ("$.features[1:-1]", [2, 3, 4]),
    ],
)
def test_a_path_names_a_part_as_documented(path, wanted) -> None:
    assert joining.pick(RECORD, joining.parse(path)) == wanted


@pytest.mark.parametrize("path", ["$.nothing", "$.features[9]", "$.features.a", "$[0]", "$.id[1:]", "$.id.*"])
def test_a_part_that_is_not_there_is_told(path) -> None:
    with pytest.raises(joining.BadPath, match="has no part"):
        joining.pick(RECORD, joining.parse(path))


@pytest.mark.parametrize("path", ["id", "", "$..id", "$[?(@.a)]", "$.a[", "$[0:4:2]", "$ .id"])
def test_a_path_of_another_kind_is_told(path) -> None:
    with pytest.raises(joining.BadPath):
        joining.parse(path)


def request(**changes):
    source = {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/images/"}
    given = {
        "TransformJobName": "scones-1",
        "ModelName": "scones",
        "TransformInput": {"DataSource": {"S3DataSource": source}, "ContentType": "application/x-image"},
        "TransformOutput": {"S3OutputPath": "s3://bucket/answers"},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
    }
    return {name: {**given.get(name, {}), **new} if isinstance(new, dict) else new for name, new in changes.items()} | {
        name: value for name, value in given.items() if name not in changes
    }


JSON_LINES = {"TransformInput": {"ContentType": "application/jsonlines"}}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"TransformJobName": "scones_1"}, "'scones_1' at 'transformJobName'"),
        ({"BatchStrategy": "AllRecords"}, "'AllRecords' at 'batchStrategy'"),
        ({"TransformInput": {"SplitType": "Comma"}}, "'Comma' at 'transformInput.splitType'"),
        ({"TransformInput": {"CompressionType": "Zip"}}, "'Zip' at 'transformInput.compressionType'"),
        ({"TransformOutput": {"AssembleWith": "Comma"}}, "'Comma' at 'transformOutput.assembleWith'"),
        ({"TransformOutput": {"S3OutputPath": "bucket/x"}}, "must begin with s3://BUCKET/"),
        ({"TransformResources": {"InstanceType": "ml.none"}}, "'ml.none' at 'transformResources.instanceType'"),
        ({"TransformResources": {"InstanceCount": 0}}, "'0' at 'transformResources.instanceCount'"),
        (
            {"TransformResources": {"InstanceType": "ml.g4dn.xlarge", "VolumeKmsKeyId": "k"}},
            "VolumeKmsKeyId is not supported for instance type ml.g4dn.xlarge",
        ),
        ({"MaxPayloadInMB": 101}, "cannot be greater than 100 MB"),
        ({"MaxPayloadInMB": 0}, "built-in algorithms do not support it"),
        ({"MaxPayloadInMB": 51, "MaxConcurrentTransforms": 2}, "is 102 MB; it cannot exceed 100 MB"),
        ({"MaxConcurrentTransforms": 17}, "is 102 MB; it cannot exceed 100 MB"),
        ({"MaxConcurrentTransforms": -1}, "'-1' at 'maxConcurrentTransforms'"),
        ({"ModelClientConfig": {"InvocationsMaxRetries": 4}}, "'4' at 'modelClientConfig.invocationsMaxRetries'"),
        ({"Environment": {f"V{number}": "1" for number in range(17)}}, "less than or equal to 16"),
        ({"DataProcessing": {"OutputFilter": "prediction"}}, "dataProcessing.outputFilter: 'prediction' is not a JSON"),
        ({"DataProcessing": {"JoinSource": "Input"}}, "need a ContentType and an Accept that are the same"),
        (JSON_LINES | {"DataProcessing": {"InputFilter": "$.a"}}, "application/jsonlines and not given"),
        (
            {"TransformInput": {"ContentType": "text/csv"}, "DataProcessing": {"OutputFilter": "$[0]"}},
            "does not support DataProcessing of text/csv",
        ),
    ],
)
def test_a_request_that_cannot_be_done_is_refused_by_name(changes, reason) -> None:
    with pytest.raises(ValidationError) as refused:
        check(request(**changes))
    assert reason in refused.value.message


@pytest.mark.parametrize("kind", ["AugmentedManifestFile", "Converse", None])
def test_another_kind_of_data_is_refused(kind) -> None:
    asked = request()
    asked["TransformInput"]["DataSource"] = {"S3DataSource": {"S3DataType": kind, "S3Uri": "s3://bucket/x"}}
    with pytest.raises(ValidationError, match="use S3Prefix, ManifestFile"):
        check(asked)


def test_gzip_of_many_members_is_one_object() -> None:
    packed = io.BytesIO()
    for part in (b"a\n", b"b\n"):
        packed.write(gzip.compress(part))
    assert list(Cut("Line", single=True, largest=9).payloads(unzipped(packed.getvalue()))) == [b"a", b"b"]
