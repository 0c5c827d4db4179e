"""The fields that each type of state has, in both query languages.

Source: Step Functions Developer Guide, "Using Amazon States Language to define Step Functions workflows" and the pages
of the states.
"""

from __future__ import annotations

TYPES = ("Task", "Wait", "Pass", "Succeed", "Fail", "Choice", "Parallel", "Map")

_ALL = {"Type", "Comment", "QueryLanguage"}
_FLOW = {"Next", "End"}
_RETRIED = {"Retry", "Catch"}
_PATHS = {"InputPath", "OutputPath"}
_RESULT = {"ResultPath", "ResultSelector"}
_MAP = {
    "ItemProcessor",
    "Iterator",
    "ItemSelector",
    "ItemReader",
    "ItemBatcher",
    "ResultWriter",
    "MaxConcurrency",
    "ToleratedFailureCount",
    "ToleratedFailurePercentage",
    "Label",
}

_JSONPATH = {
    "Task": {
        "Resource", "Parameters", "Credentials", "TimeoutSeconds", "TimeoutSecondsPath", "HeartbeatSeconds",
        "HeartbeatSecondsPath", "Assign", *_FLOW, *_RETRIED, *_PATHS, *_RESULT,
    },
    "Wait": {"Seconds", "SecondsPath", "Timestamp", "TimestampPath", "Assign", *_FLOW, *_PATHS},
    "Pass": {"Result", "ResultPath", "Parameters", "Assign", *_FLOW, *_PATHS},
    "Succeed": _PATHS,
    "Fail": {"Error", "ErrorPath", "Cause", "CausePath"},
    "Choice": {"Choices", "Default", "Assign", *_PATHS},
    "Parallel": {"Branches", "Parameters", "Assign", *_FLOW, *_RETRIED, *_PATHS, *_RESULT},
    "Map": {
        "ItemsPath", "Parameters", "MaxConcurrencyPath", "ToleratedFailureCountPath", "ToleratedFailurePercentagePath",
        "Assign", *_MAP, *_FLOW, *_RETRIED, *_PATHS, *_RESULT,
    },
}  # fmt: skip
_JSONATA = {
    "Task": {
        "Resource", "Arguments", "Output", "Credentials", "TimeoutSeconds", "HeartbeatSeconds", "Assign", *_FLOW,
        *_RETRIED,
    },
    "Wait": {"Seconds", "Timestamp", "Output", "Assign", *_FLOW},
    "Pass": {"Output", "Assign", *_FLOW},
    "Succeed": {"Output"},
    "Fail": {"Error", "Cause"},
    "Choice": {"Choices", "Default", "Output", "Assign"},
    "Parallel": {"Branches", "Arguments", "Output", "Assign", *_FLOW, *_RETRIED},
    "Map": {"Items", "Output", "Assign", *_MAP, *_FLOW, *_RETRIED},
}  # fmt: skip

MACHINE = {"Comment", "StartAt", "States", "QueryLanguage"}
WHOLE_MACHINE = MACHINE | {"Version", "TimeoutSeconds"}
PROCESSOR = MACHINE | {"ProcessorConfig"}
RETRIER = {
    "Comment",
    "ErrorEquals",
    "IntervalSeconds",
    "MaxAttempts",
    "BackoffRate",
    "MaxDelaySeconds",
    "JitterStrategy",
}
CATCHER = {"Comment", "ErrorEquals", "Next", "Assign"}
READER = {"Comment", "Resource", "ReaderConfig"}
READER_CONFIG = {
    "Comment", "InputType", "Transformation", "CSVHeaderLocation", "CSVHeaders", "CSVDelimiter", "MaxItems",
    "MaxItemsPath", "ManifestType", "ItemsPointer",
}  # fmt: skip
BATCHER = {"Comment", "MaxItemsPerBatch", "MaxItemsPerBatchPath", "MaxInputBytesPerBatch", "MaxInputBytesPerBatchPath",
           "BatchInput"}  # fmt: skip
WRITER = {"Comment", "Resource", "WriterConfig"}


def of_state(kind: str, *, jsonata: bool) -> set[str]:
    """The fields that a state of a type may have.

    Example::

        >>> sorted(of_state("Succeed", jsonata=True))
        ['Comment', 'Output', 'QueryLanguage', 'Type']
    """
    return _ALL | (_JSONATA if jsonata else _JSONPATH)[kind]


def of_any_language(kind: str) -> set[str]:
    """The fields that a state of a type may have in one of the two query languages."""
    return _ALL | _JSONPATH[kind] | _JSONATA[kind]
