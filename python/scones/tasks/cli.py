"""What every task shares: how errors reach a person, and where lines are printed.

Example::

    @task(help={"classes": "comma-separated fine labels, in label order"})
    def etl(context, classes="bicycle,motorcycle"):
        ...
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from typing import Any, TypeVar, overload

import invoke
from invoke.exceptions import Exit

from scones.errors import SHOWN
from scones.settings import ROOT
from scones.tasks.words import Helpful

#: The variable with the names that an earlier ``eval "$(invoke env)"`` set in this shell.
EXPORTED = "SCONES_EXPORTED"

# A task is called as the function that it is made of, so it has that function's type.
Body = TypeVar("Body", bound=Callable[..., None])


@overload
def task(body: Body, /) -> Body: ...


@overload
def task(**options: Any) -> Callable[[Body], Body]: ...


def task(body: Callable[..., None] | None = None, /, **options: Any) -> Any:
    """Make a function a task, like ``invoke.task``, and show its errors to a person.

    An exception of :data:`scones.errors.SHOWN` becomes one message and an exit code. So does a file that cannot be read
    or written, and an error of botocore. Ctrl-C ends the task with exit code 130. ``SCONES_DEBUG=1`` shows the
    traceback instead of the message.

    Args:
        options: The options of ``invoke.task``.
    """
    options.setdefault("klass", Helpful)
    if body is not None:
        return invoke.task(_guarded(body), **options)
    return lambda decorated: invoke.task(_guarded(decorated), **options)


def _guarded(body: Callable[..., None]) -> Callable[..., Any]:
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
            raise Exit(f"error: {error}", code=error.exit_code) from None
        except KeyboardInterrupt:
            raise Exit("interrupted; run the same command again to go on", code=130) from None
        except BrokenPipeError:  # whoever read what was printed has seen enough, as `head` does
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise Exit(code=141) from None
        except OSError as error:
            if os.environ.get("SCONES_DEBUG"):
                raise
            # Of a file that could not be moved to its place, the place: the other is a name that nobody gave.
            place = error.filename2 or error.filename
            said = f"{place}: {error.strerror}" if place else error
            raise Exit(f"error: {said}", code=1) from None
        except Exception as error:
            # botocore takes a fifth of a second to import: ask by name, so that tasks without AWS do not pay for it.
            if os.environ.get("SCONES_DEBUG") or not type(error).__module__.startswith(("botocore", "boto3")):
                raise
            what = "refused" if hasattr(error, "response") else "cannot be asked"
            raise Exit(f"error: the cloud {what}: {error}", code=1) from None

    return run


def _leave_other_environment(name: str | None) -> None:
    """Forget what ``eval "$(invoke env)"`` set for another environment than the one that a task is given.

    Else ``--env dev``, which names no address and no keys of its own, would go to the local cloud with its keys.
    """
    if name and name != os.environ.get("SCONES_ENV"):
        for variable in os.environ.get(EXPORTED, "").split():
            os.environ.pop(variable, None)
