"""Tasks with any number of positional arguments, as ``cat`` takes files.

Example::

    >>> image = Argument(names=("image",))
    >>> words_of(["predict", "a.png", "b.png", "--image", "c.png"], "predict", [image])
    2

Invoke's parser expects a fixed number of positional arguments for each task. If one is missing, it takes the next word,
even ``--help``. With :class:`TakesMany`, a task has as many positional arguments as were typed.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from typing import Any

import invoke
from invoke.parser import Argument

_WORD = "{}-{}"
#: The options with a short form. It means the same in every task; -h is help.
SHORT = {"classes": "c", "env": "e", "image": "i", "json": "j", "out": "o", "set": "s", "yes": "y"}


class ShortTask(invoke.Task):
    """A task whose short options are :data:`SHORT`."""

    def get_arguments(self, ignore_unknown_help: bool | None = None) -> list[Argument]:
        explained = dict(self.help)  # Invoke takes the texts out, so a second call would have none
        try:
            return shortened(super().get_arguments(ignore_unknown_help))
        finally:
            self.help = explained


class Helpful(ShortTask):
    """A task whose ``--help`` works without its positional arguments."""

    def get_arguments(self, ignore_unknown_help: bool | None = None) -> list[Argument]:
        arguments = super().get_arguments(ignore_unknown_help)
        if not {"--help", "-h"}.isdisjoint(sys.argv) and not words_of(sys.argv[1:], self.name, arguments):
            for argument in arguments:
                argument.positional = False
        return arguments


class TakesMany(ShortTask):
    """A task whose first ``iterable`` option also takes the words without an option."""

    def get_arguments(self, ignore_unknown_help: bool | None = None) -> list[Argument]:
        options = super().get_arguments(ignore_unknown_help)
        words = words_of(sys.argv[1:], self.name, options)
        name = next(iter(self.iterable))
        named = [Argument(names=(_WORD.format(name, place),), positional=True) for place in range(words)]
        return [*named, *options]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        name = next(iter(self.iterable))
        words: list[str] = []
        while (key := _WORD.format(name, len(words))) in kwargs:
            words.append(kwargs.pop(key))
        if words:
            kwargs[name] = [*words, *(kwargs.get(name) or ())]
        return super().__call__(*args, **kwargs)


def shortened(arguments: list[Argument]) -> list[Argument]:
    """The options, with a short form for those of :data:`SHORT`. Invoke would take any letter that is free in a task.

    Example::

        >>> [one.names for one in shortened([Argument(names=("env",)), Argument(names=("stack",))])]
        [('env', 'e'), ('stack',)]
    """
    for argument in arguments:
        if (short := SHORT.get(argument.names[0])) and short not in argument.names:
            argument.names = (*argument.names, short)
    return arguments


def untold(hint: str, typed: str) -> str:
    """A hint without the parts that end with the command that was just typed.

    Example::

        >>> untold("give it with --archive, or fetch it: invoke etl --download", "invoke etl --download")
        'give it with --archive'
        >>> untold("next: invoke train", "invoke etl")
        'next: invoke train'
    """
    parts = re.split(r"(\n|; |,? or )", hint)
    kept: list[str] = []
    for place in range(0, len(parts), 2):
        if re.search(rf"(?<!\S){re.escape(typed)}$", parts[place].rstrip()):
            continue
        kept += [*(parts[place - 1 : place] if kept else []), parts[place]]
    return "".join(kept)


def words_of(typed: Sequence[str], task: str, options: Sequence[Argument]) -> int:
    """Count the words of a command line that belong to a task and to none of its options.

    Args:
        typed: The command line after the program's name.
        task: The task's own name, without its namespace.
        options: The task's options.
    """
    places = [place for place, word in enumerate(typed) if word.rpartition(".")[2] == task]
    if not places:
        return 0
    with_value = {
        (f"--{name}" if len(name) > 1 else f"-{name}").replace("_", "-")
        for option in options
        if option.takes_value
        for name in option.names
    }
    words, expects_value = 0, False
    for word in typed[places[0] + 1 :]:
        if expects_value:
            expects_value = False
        elif word == "--":
            break
        elif word.startswith("-") and len(word) > 1:
            expects_value = word in with_value
        else:
            words += 1
    return words
