"""Runs steps that can fail without ending the others, and goes on after an interruption.

Example::

    >>> import pathlib, tempfile
    >>> notes = Notes(pathlib.Path(tempfile.mkdtemp()) / "notes.json")
    >>> def refuse() -> str:
    ...     raise CheckError("the second plan is not empty")
    >>> steps = [Attempt("twice", "Apply twice", refuse), Attempt("ab", "A/B", lambda: "", needs=("twice",))]
    >>> run(steps, notes, show=lambda trial, finding: print(trial.key, finding.state, finding.said))
    twice did not hold the second plan is not empty
    ab skipped it needs 'Apply twice', which did not hold
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError, CredentialRetrievalError, NoCredentialsError

from localcloud.errors import LocalCloudError
from scones.delivery.firsthour.notes import HELD, NOT_HELD, SKIPPED, AttemptEnd, Notes
from scones.errors import SHOWN, CheckError, CloudError

# AWS says so of a session that has ended. No later step could hold, and nothing could be cleaned up.
_ENDED = re.compile(r"ExpiredToken|RequestExpired|InvalidClientTokenId|UnrecognizedClientException|token has expired")


class NotTried(CheckError):
    """A step cannot be tried here. Its message is the reason."""


@dataclass(frozen=True)
class Attempt:
    """One step.

    Attributes:
        key: Its short name, which the notes keep.
        title: For people.
        take: Does it. Returns what was seen. It may be called again after an interruption.
        needs: The keys of the steps that must have held.
        proves: What the step shows that no local cloud can.
    """

    key: str
    title: str
    take: Callable[[], str]
    needs: tuple[str, ...] = ()
    proves: str = ""


def run(
    trials: Sequence[Attempt],
    notes: Notes,
    *,
    show: Callable[[Attempt, AttemptEnd], None],
    begin: Callable[[Attempt], None] = lambda trial: None,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Take every step that has not ended in an earlier run.

    Args:
        notes: Of this run, and of the interrupted one that it goes on with.
        show: Called with each step's end, also with those of the interrupted run.
        begin: Called before a step is taken.
        clock: Gives seconds.

    Raises:
        CloudError: the credentials are no longer valid. The step is tried again by the next run.
        LocalCloudError: the environment's local cloud is not running. The step is tried again by the next run.
    """
    titles = {trial.key: trial.title for trial in trials}
    for trial in trials:
        if trial.key not in notes.findings:
            lacking = [key for key in trial.needs if notes.findings[key].state != HELD]
            if lacking:
                found = AttemptEnd(SKIPPED, f"it needs '{titles[lacking[0]]}', which {_ended(notes, lacking[0])}", 0.0)
            else:
                begin(trial)
                found = _take(trial, clock)
            notes.end(trial.key, found)
        show(trial, notes.findings[trial.key])


def _ended(notes: Notes, key: str) -> str:
    return "was skipped" if notes.findings[key].state == SKIPPED else "did not hold"


def _take(trial: Attempt, clock: Callable[[], float]) -> AttemptEnd:
    began = clock()
    try:
        state, said = HELD, trial.take()
    except NotTried as error:
        state, said = SKIPPED, error.message
    except LocalCloudError:
        raise  # no later step could hold either
    except (*SHOWN, ClientError, BotoCoreError) as error:
        if isinstance(error, NoCredentialsError | CredentialRetrievalError) or _ENDED.search(str(error)):
            raise CloudError(
                f"the credentials do not hold any more, in '{trial.title}': {error}",
                hint="sign in again, and run the same command: it goes on with this step",
            ) from error
        state, said = NOT_HELD, str(error)
    return AttemptEnd(state, said, clock() - began)
