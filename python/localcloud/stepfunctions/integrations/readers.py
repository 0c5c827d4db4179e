"""ItemReader: the items of a distributed Map, from objects in S3 or from the list of the objects.

AWS: Step Functions Developer Guide, "ItemReader (Map)": ``s3:listObjectsV2``, and ``s3:getObject`` with the InputTypes
CSV, JSON, JSONL, MANIFEST and PARQUET. The local cloud does not read Parquet: :mod:`.support` refuses it at creation.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from moto.core.utils import get_service_model

from localcloud.stepfunctions.integrations import failures
from localcloud.stepfunctions.integrations.csvitems import rows
from localcloud.stepfunctions.integrations.names import OPTIMIZED
from localcloud.stepfunctions.language import values
from localcloud.stepfunctions.language.scope import Json, StateFailure

FAILED = "States.ItemReaderFailed"
MOST_ITEMS = 100_000_000
READ_TYPES = ("CSV", "JSON", "JSONL", "MANIFEST")


def read(s3: Any, action: str, arguments: Mapping[str, Json], config: Mapping[str, Json]) -> list[Json]:
    """The items of an ItemReader.

    Args:
        s3: boto3's client of S3, in the role of the state machine.
        action: ``getObject`` or ``listObjectsV2``.
        arguments: ``Bucket`` with ``Key`` or ``Prefix``.
        config: The evaluated ReaderConfig.

    Raises:
        StateFailure: States.ItemReaderFailed.
    """
    for name in ("Bucket", "Key") if action == "getObject" else ("Bucket",):
        if not isinstance(arguments.get(name), str):
            shown = values.text(arguments.get(name))
            raise StateFailure(FAILED, f"The {name} of the ItemReader must be a string but was: {shown}")
    most = config.get("MaxItems") or MOST_ITEMS
    if most < 0:
        raise StateFailure(FAILED, "field MaxItems must be positive")
    try:
        return list(islice(_items(s3, action, arguments, config), min(most, MOST_ITEMS)))
    except ClientError as error:
        operation = get_service_model("s3").operation_model(error.operation_name)
        cause = failures.of_answer(error, OPTIMIZED["s3"], operation, sdk=False).cause
    except BotoCoreError as error:
        cause = failures.of_connection(error, OPTIMIZED["s3"]).cause
    raise StateFailure(FAILED, cause)


def _items(s3: Any, action: str, arguments: Mapping[str, Json], config: Mapping[str, Json]) -> Iterator[Json]:
    if action != "listObjectsV2":
        yield from _of_file(s3, arguments["Bucket"], arguments["Key"], config, arguments)
        return
    for found in _listed(s3, arguments):
        if config.get("Transformation") == "LOAD_AND_FLATTEN":
            yield from _of_file(s3, arguments["Bucket"], found["Key"], config, {})
        else:
            yield found


def _listed(s3: Any, arguments: Mapping[str, Json]) -> Iterator[dict[str, Json]]:
    """The objects below a prefix. A page has 1,000."""
    asked = {name: value for name, value in arguments.items() if value is not None}
    while True:
        page = s3.list_objects_v2(**asked)
        for found in page.get("Contents", []):
            yield {
                "Etag": found["ETag"],
                "Key": found["Key"],
                "LastModified": int(found["LastModified"].timestamp()),
                "Size": found["Size"],
                "StorageClass": found.get("StorageClass", "STANDARD"),
            }
        if not page.get("IsTruncated"):
            return
        asked["ContinuationToken"] = page["NextContinuationToken"]


def _of_file(s3: Any, bucket: str, key: str, config: Mapping[str, Json], further: Mapping[str, Json]) -> Iterable[Json]:
    asked = {name: value for name, value in further.items() if name not in ("Bucket", "Key") and value is not None}
    content = s3.get_object(Bucket=bucket, Key=key, **asked)["Body"].read()
    kind = str(config.get("InputType", "JSON")).upper()
    if config.get("ManifestType") == "ATHENA_DATA":
        return _of_athena(s3, content, config)
    if kind == "MANIFEST":
        return _of_inventory(s3, content)
    return parsed(content, kind, config)


def parsed(content: bytes, kind: str, config: Mapping[str, Json]) -> Iterable[Json]:
    """The items of a file.

    Raises:
        StateFailure: The file is not what the ReaderConfig says.

    Example::

        >>> list(parsed(b'{"a": {"b": [1, 2]}}', "JSON", {"ItemsPointer": "/a/b"}))
        [1, 2]
        >>> list(parsed(b'{"a": 1}\\n{"a": 2}\\n', "JSONL", {}))
        [{'a': 1}, {'a': 2}]
        >>> parsed(b'{"a": 1}', "JSON", {})
        Traceback (most recent call last):
        ...
        localcloud.stepfunctions.language.scope.StateFailure: ('States.ItemReaderFailed',
        'Attempting to map over non-iterable node.')
    """
    if kind not in READ_TYPES:
        raise StateFailure(FAILED, f"the local cloud does not read {kind} files: use {', '.join(READ_TYPES)}")
    try:
        text = _unpacked(content).decode("utf-8-sig")
        if kind == "CSV":
            return rows(text, config)
        if kind == "JSONL":
            return [values.parsed(line) for line in text.split("\n") if line.strip()]
        found = values.parsed(text)
    except ValueError as error:
        raise StateFailure(FAILED, f"The file is not valid {kind}: {error}") from None
    if pointer := config.get("ItemsPointer"):
        found = pointed(found, pointer)
    if not isinstance(found, list):
        raise StateFailure(FAILED, "Attempting to map over non-iterable node.")
    return found


def pointed(value: Json, pointer: str) -> Json:
    """The value at a JSON Pointer (RFC 6901).

    Raises:
        StateFailure: There is none.

    Example::

        >>> pointed({"a/b": [10, 20]}, "/a~1b/1")
        20
    """
    found = value
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(found, dict) and name in found:
            found = found[name]
        elif isinstance(found, list) and name.isdigit() and int(name) < len(found):
            found = found[int(name)]
        else:
            raise StateFailure(FAILED, f"ItemsPointer {pointer!r} has no value in the file: there is no {part!r}")
    return found


def _of_inventory(s3: Any, content: bytes) -> Iterator[Json]:
    """The objects of an inventory: the manifest names its files and their columns (Amazon S3 User Guide, "Cataloging
    and analyzing your data with S3 Inventory")."""
    try:
        manifest = values.parsed(content)
        bucket = manifest["destinationBucket"].rpartition(":")[2]
        columns = [name.strip() for name in manifest["fileSchema"].split(",")]
        kind, keys = manifest["fileFormat"], [file["key"] for file in manifest["files"]]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StateFailure(FAILED, f"The file is not a manifest of S3 Inventory: {error!r}") from None
    if kind != "CSV":
        raise StateFailure(FAILED, f"the local cloud does not read {kind} inventories: use CSV")
    for key in keys:
        text = _unpacked(s3.get_object(Bucket=bucket, Key=key)["Body"].read()).decode()
        yield from rows(text, {"CSVHeaderLocation": "GIVEN", "CSVHeaders": columns})


def _of_athena(s3: Any, content: bytes, config: Mapping[str, Json]) -> Iterator[Json]:
    """The items of the files that a manifest of Athena lists, one S3 URI a line."""
    for line in content.decode().split():
        bucket, _, key = line.strip('"').removeprefix("s3://").partition("/")
        body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        yield from parsed(body, str(config.get("InputType", "CSV")).upper(), config)


def _unpacked(content: bytes) -> bytes:
    try:
        return gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
    except (OSError, EOFError, zlib.error) as error:
        raise StateFailure(FAILED, f"The file is not valid GZIP: {error}") from None
