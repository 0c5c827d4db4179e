"""What a Map asks beyond the fields of every state: its numbers, its processor, its reader, its batches and its writer.

Sources: Step Functions Developer Guide, "Map workflow state", "ItemReader (Map)", "ItemBatcher (Map)" and
"ResultWriter (Map)".
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from localcloud.stepfunctions.language import fields, findings
from localcloud.stepfunctions.language.jsonata import is_expression
from localcloud.stepfunctions.language.parts import MOST_SECONDS, Findings, Reading
from localcloud.stepfunctions.language.scope import Json
from localcloud.stepfunctions.language.values import LIMIT, is_number

LONGEST_LABEL = 40
MOST_ITEMS = 100_000_000
#: The characters that names of Step Functions must not have (API Reference, CreateStateMachine).
_NOT_IN_LABELS = re.compile(r"[\s?*<>{}\[\]:;,\\|^~$#%&`\"/\x00-\x1f\x7f-\x9f]")
#: What the fields with a fixed list of values may be. The last two may be written in small letters too.
_VALUES = {
    "Transformation": ("NONE", "LOAD_AND_FLATTEN"),
    "CSVHeaderLocation": ("FIRST_ROW", "GIVEN"),
    "ManifestType": ("ATHENA_DATA", "S3_INVENTORY"),
    "InputType": ("CSV", "JSON", "JSONL", "MANIFEST", "PARQUET"),
    "CSVDelimiter": ("COMMA", "PIPE", "SEMICOLON", "SPACE", "TAB"),
}
_WRITER_VALUES = {"Transformation": ("NONE", "COMPACT", "FLATTEN"), "OutputType": ("JSON", "JSONL")}


def check_map(reading: Reading, given: Mapping[str, Json]) -> None:
    """A Map's numbers, its reader, its batches and its writer."""
    for name in ("MaxConcurrency", "ToleratedFailureCount", "ToleratedFailurePercentage"):
        reading.one_of(given, name, f"{name}Path")
    reading.one_of(given, "ItemSelector", "Parameters")
    reading.one_of(given, "ItemProcessor", "Iterator")
    reading.number(given, "MaxConcurrency", 0, MOST_SECONDS)
    reading.number(given, "ToleratedFailureCount", 0, MOST_SECONDS)
    percentage = given.get("ToleratedFailurePercentage", 0)
    if not (reading.jsonata and is_expression(percentage)) and not (
        is_number(percentage) and 0 <= float(percentage or 0) <= 100
    ):
        reading.found.add("The value must be between 0 and 100", f"{reading.where}/ToleratedFailurePercentage")
    if reading.jsonata and "Items" in given and not (isinstance(given["Items"], list) or is_expression(given["Items"])):
        reading.found.add("The value must be an array or a JSONata expression", f"{reading.where}/Items")
    if "Label" in given:
        wrong = _wrong_label(given["Label"])
        if wrong:
            reading.found.add(wrong, f"{reading.where}/Label", findings.LABEL)
    inner = {"Arguments"} if reading.jsonata else {"Parameters"}
    for name, known in (
        ("ItemReader", fields.READER | inner),
        ("ResultWriter", fields.WRITER | inner),
        ("ItemBatcher", fields.BATCHER),
    ):
        if name in given:
            inside, where = given[name], f"{reading.where}/{name}"
            if not isinstance(inside, dict):
                reading.found.add("The value must be a JSON object", where)
                continue
            reading.found.unknown(inside, known, where)
            check = {"ItemReader": _check_reader, "ResultWriter": _check_writer, "ItemBatcher": _check_batcher}[name]
            check(reading, inside, where)


def _check_reader(reading: Reading, inside: Mapping[str, Json], where: str) -> None:
    if not isinstance(inside.get("Resource"), str):
        reading.found.add("These fields are required: [Resource]", where)
    else:
        wanted = ("Bucket", "Key") if inside["Resource"].endswith(":getObject") else ("Bucket",)
        _check_place(reading, inside, where, wanted)
    config, where = inside.get("ReaderConfig", {}), f"{where}/ReaderConfig"
    if not isinstance(config, dict):
        reading.found.add("The value must be a JSON object", where)
        return
    reading.found.unknown(config, fields.READER_CONFIG, where)
    _check_values(reading, config, _VALUES, where)
    _check_count(reading, config, "MaxItems", 0, MOST_ITEMS, where)
    headers = config.get("CSVHeaders")
    named = isinstance(headers, list) and all(isinstance(name, str) for name in headers)
    if "CSVHeaders" in config and not named and not is_expression(headers):
        reading.found.add("The value must be a list of strings", f"{where}/CSVHeaders")
    elif config.get("CSVHeaderLocation") == "GIVEN" and not headers:
        reading.found.add("These fields are required: [CSVHeaders]", where)
    pointer = config.get("ItemsPointer", "")
    if not isinstance(pointer, str) or (pointer and not pointer.startswith("/") and not is_expression(pointer)):
        reading.found.add("The value must be a JSON Pointer, which begins with /", f"{where}/ItemsPointer")


def _check_writer(reading: Reading, inside: Mapping[str, Json], where: str) -> None:
    if "Resource" in inside:
        _check_place(reading, inside, where, ("Bucket",))
    elif "WriterConfig" not in inside:
        reading.found.add("These fields are required: [Resource] or [WriterConfig]", where)
    config, where = inside.get("WriterConfig", {}), f"{where}/WriterConfig"
    if not isinstance(config, dict):
        reading.found.add("The value must be a JSON object", where)
        return
    reading.found.unknown(config, {"Comment", *_WRITER_VALUES}, where)
    _check_values(reading, config, _WRITER_VALUES, where)


def _check_batcher(reading: Reading, inside: Mapping[str, Json], where: str) -> None:
    for name, most in (("MaxItemsPerBatch", MOST_ITEMS), ("MaxInputBytesPerBatch", LIMIT)):
        _check_count(reading, inside, name, 1, most, where)


def _check_place(reading: Reading, inside: Mapping[str, Json], where: str, wanted: tuple[str, ...]) -> None:
    """Where in S3 the items or the results are."""
    name = "Arguments" if reading.jsonata else "Parameters"
    given, where = inside.get(name), f"{where}/{name}"
    if reading.jsonata and is_expression(given):
        return
    if not isinstance(given, dict):
        reading.found.add("The value must be a JSON object", where)
        return
    missing = [key for key in wanted if not {key, f"{key}.$"} & given.keys()]
    if missing:
        reading.found.add(f"These fields are required: [{', '.join(missing)}]", where)
    for key in ("Bucket", "Key", "Prefix"):
        if key in given and not isinstance(given[key], str):
            reading.found.add("The value must be a string", f"{where}/{key}")


def _check_values(
    reading: Reading, config: Mapping[str, Json], known: Mapping[str, tuple[str, ...]], where: str
) -> None:
    for name, allowed in known.items():
        value = config.get(name, allowed[0])
        shown = value.upper() if isinstance(value, str) and name in ("InputType", "CSVDelimiter") else value
        if shown not in allowed and not (reading.jsonata and is_expression(value)):
            words = f"The field '{name}' should have one of these values: [{', '.join(allowed)}]"
            reading.found.add(words, f"{where}/{name}")


def _check_count(reading: Reading, given: Mapping[str, Json], name: str, least: int, most: int, where: str) -> None:
    if name in given and f"{name}Path" in given:
        reading.found.add(f"At most one of these fields is allowed: [{name}, {name}Path]", where)
    if name in given and not (reading.jsonata and is_expression(given[name])):
        reading.found.whole(given[name], least, most, f"{where}/{name}")


def _wrong_label(label: Json) -> str | None:
    """What is wrong with a Map's Label. None: nothing."""
    if not isinstance(label, str) or not label:
        return "Label cannot be empty"
    if found := _NOT_IN_LABELS.search(label):
        return f"Label contains invalid character: {found.group()!r}"
    return f"Label cannot exceed {LONGEST_LABEL} characters" if len(label) > LONGEST_LABEL else None


ONLY_DISTRIBUTED = ("ItemReader", "ItemBatcher", "ResultWriter", "Label")


def check_processor(
    found: Findings, given: Mapping[str, Json], config: Json, where: str, at: str, *, express: bool
) -> None:
    """A processor's mode, and the fields of its Map that only the distributed mode has."""
    at = f"{at}/ProcessorConfig"
    if not isinstance(config, dict):
        found.add("The value must be a JSON object", at)
        return
    found.unknown(config, {"Comment", "Mode", "ExecutionType"}, at)
    mode, kind = config.get("Mode", "INLINE"), config.get("ExecutionType")
    if mode not in ("INLINE", "DISTRIBUTED"):
        found.add("The field 'Mode' should have one of these values: [INLINE, DISTRIBUTED]", f"{at}/Mode")
    if mode == "DISTRIBUTED":
        if kind not in ("STANDARD", "EXPRESS"):
            words = "The field 'ExecutionType' should have one of these values: [STANDARD, EXPRESS]"
            found.add(words, f"{at}/ExecutionType")
        if express:
            found.add("Express state machine does not support Map states in Distributed mode", f"{at}/Mode")
        return
    if kind is not None:
        found.add("The field 'ExecutionType' is supported in the mode DISTRIBUTED only", f"{at}/ExecutionType")
    for name in ONLY_DISTRIBUTED:
        if name in given:
            found.add(f"The field '{name}' is supported by a Map in the mode DISTRIBUTED only", f"{where}/{name}")
