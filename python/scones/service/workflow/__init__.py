"""Starts, follows and explains executions of the state machine.

Example (not run: it needs a running cloud)::

    url = upload(s3, bucket, Path("bicycle.png"))                     # 's3://BUCKET/images/<digest>/bicycle.png'
    execution = start(sfn, state_machine_arn, url, threshold=0.8)
    outcome = follow(sfn, execution.arn, on_state=print)              # a StateRun as each state begins and ends
    print(explain(outcome))                                           # 'bicycle, 0.92 sure (threshold 0.8)'
    raise SystemExit(exit_code(outcome))                              # 0 passed, 3 refused, 1 anything else

:func:`run_many` runs many at once.
"""

from scones.service.workflow.batch import ImageRun, run_many
from scones.service.workflow.execution import (
    FAILED,
    LOW_CONFIDENCE,
    NOT_ONE_OF_THE_CLASSES,
    PASSED,
    REFUSALS,
    REFUSED,
    RESULTS,
    Execution,
    ExecutionOutcome,
    RefusedAnswer,
    Result,
    check_threshold,
    exit_code,
    explain,
    follow,
    refused,
    result_of,
    start,
)
from scones.service.workflow.history import StateRun, state_runs
from scones.service.workflow.images import SIGNATURES, images_of, kind_of, upload

__all__ = [
    "FAILED",
    "LOW_CONFIDENCE",
    "NOT_ONE_OF_THE_CLASSES",
    "PASSED",
    "REFUSALS",
    "REFUSED",
    "RESULTS",
    "SIGNATURES",
    "Execution",
    "ExecutionOutcome",
    "ImageRun",
    "RefusedAnswer",
    "Result",
    "StateRun",
    "check_threshold",
    "exit_code",
    "explain",
    "follow",
    "images_of",
    "kind_of",
    "refused",
    "result_of",
    "run_many",
    "start",
    "state_runs",
    "upload",
]
