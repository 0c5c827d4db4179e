"""The decorator of all tasks, which turns errors into messages and exit codes.

Example::

    >>> from invoke import Context
    >>> @task(help={"name": "the person to greet"})
    ... def greet(context: Context, name: str = "you") -> None:
    ...     print(f"hello {name}")
    >>> greet(Context(), name="Ada")
    hello Ada
"""

from __future__ import annotations

import functools
import json
import os
import shlex
import sys
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, overload

import invoke
from invoke.exceptions import Exit

from localcloud.errors import LocalCloudError
from scones import settings
from scones.errors import SHOWN, InputError, SconesError
from scones.settings import ROOT
from scones.tasks.results.answer import HELP, RESULT, answering
from scones.tasks.words import Helpful, untold

#: The variable with the names that an earlier ``eval "$(invoke env)"`` set in this shell.
EXPORTED = "SCONES_EXPORTED"
#: The variable with the values that these had before, as JSON.
BEFORE = "SCONES_BEFORE"

# A task is called as the function that it is made of, so it has that function's type.
SIGN_IN = "sign in with `aws sso login` or `aws configure`, or set AWS_PROFILE, and run the same command again"
_UNANSWERED = {"HTTPClientError", "ConnectionError"}  # botocore's exceptions, if nobody answers
AGAIN = "; then run the same command again"
Body = TypeVar("Body", bound=Callable[..., Any])


@overload
def task(body: Body, /) -> Body: ...


@overload
def task(**options: Any) -> Callable[[Body], Body]: ...


def task(body: Callable[..., Any] | None = None, /, *, result: Any = None, **options: Any) -> Any:
    """Make a function a task, like ``invoke.task``, and show its errors to a person.

    An exception of :data:`scones.errors.SHOWN` becomes one message and an exit code. So does a file that cannot be read
    or written, and an error of botocore. Ctrl-C ends the task with exit code 130. ``SCONES_DEBUG=1`` shows the
    traceback instead of the message.

    Args:
        result: The type of the task's result (:mod:`scones.tasks.results`). The function then returns an
            :class:`~scones.tasks.results.TaskAnswer`, and the task has the option ``--json``.
        options: The options of ``invoke.task``.
    """
    options.setdefault("klass", Helpful)
    options.setdefault("auto_shortflags", False)  # words.SHORT instead
    if result is not None:
        options["help"] = {"json": HELP, **options.get("help", {})}
    if body is not None:
        return invoke.task(_guarded(body), **options)
    return lambda decorated: invoke.task(
        _guarded(decorated if result is None else answering(decorated, result)), **options
    )


def result_of(made: invoke.Task) -> Any:
    """The type of a task's result. None for a task without ``--json``."""
    return getattr(made.body, RESULT, None)


def _guarded(body: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(body)
    def run(*args: Any, **kwargs: Any) -> Any:
        _leave_other_environment(kwargs.get("env"))
        # matplotlib keeps its font cache here instead of in the home folder; it looks once, when it is imported.
        os.environ.setdefault("MPLCONFIGDIR", str(ROOT / "build" / "matplotlib"))
        try:
            return body(*args, **kwargs)
        except SHOWN as error:
            if os.environ.get("SCONES_DEBUG"):
                raise
            hint = untold(error.hint or "", shlex.join(["invoke", *sys.argv[1:]]))
            raise Exit(f"error: {error.message}" + (f"\n{hint}" if hint else ""), code=error.exit_code) from None
        except KeyboardInterrupt:
            raise Exit("interrupted; run the same command again to go on", code=130) from None
        except BrokenPipeError:  # the reader of this output has closed it, as `head` does
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise Exit(code=141) from None
        except OSError as error:
            if os.environ.get("SCONES_DEBUG"):
                raise
            # If a file could not be moved, name its target: the source is a temporary name.
            place = error.filename2 or error.filename
            said = f"{place}: {error.strerror}" if place else error
            missing = isinstance(error, FileNotFoundError | NotADirectoryError)
            raise Exit(f"error: {said}", code=InputError.exit_code if missing else 1) from None
        except Exception as error:
            # Compare names, because importing botocore takes a fifth of a second, which tasks without AWS do not need.
            if os.environ.get("SCONES_DEBUG") or not type(error).__module__.startswith(("botocore", "boto3")):
                raise
            then = "".join(f"\n{note}" for note in getattr(error, "__notes__", ()))
            unanswered = _UNANSWERED & {one.__name__ for one in type(error).__mro__}
            if unanswered and (gone := _ended(kwargs.get("env"))):
                raise Exit(f"error: {gone}{then or AGAIN}", code=gone.exit_code) from None
            what = "refused" if hasattr(error, "response") else "cannot be asked"
            hint = f"\n{SIGN_IN}" if "Credentials" in type(error).__name__ else ""
            raise Exit(f"error: the cloud {what}: {error}{hint}{then}", code=1) from None

    return run


def _ended(name: str | None) -> LocalCloudError | None:
    """What an environment says of its cloud that is not running. None if it runs, or is AWS."""
    try:
        settings.load(name).endpoint_url()
    except LocalCloudError as gone:
        return gone
    except SconesError:
        return None
    return None


def _leave_other_environment(name: str | None) -> None:
    """Undo what ``eval "$(invoke env)"`` did for another environment than the task's.

    Otherwise a task with ``--env dev`` would use the local cloud's address and keys, because dev sets none.
    """
    if name and name != os.environ.get("SCONES_ENV"):
        own = users_own(os.environ)
        for variable in exported(os.environ):
            os.environ.pop(variable, None)
        os.environ.update(own)


def exported(process: Mapping[str, str]) -> set[str]:
    """The names that an earlier ``eval "$(invoke env)"`` set or unset in this shell."""
    return {name for name in process.get(EXPORTED, "").split() if name.isidentifier()}


def users_own(process: Mapping[str, str]) -> dict[str, str]:
    """The variables as they would be without ``eval "$(invoke env)"``.

    >>> own = users_own({"SCONES_EXPORTED": "AWS_PROFILE AWS_REGION", "SCONES_BEFORE": '{"AWS_PROFILE": "me"}'})
    >>> own["AWS_PROFILE"]
    'me'
    """
    kept = {name: value for name, value in process.items() if name not in exported(process)}
    try:
        before = json.loads(process.get(BEFORE) or "{}")
        return kept | {str(name): str(value) for name, value in before.items()}
    except (ValueError, AttributeError):  # somebody has changed it
        return kept
