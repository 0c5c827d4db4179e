"""Tasks that take words after their name: any number of them, as ``cat`` takes files, and none where help is wanted.

Example::

    @task(klass=TakesMany, iterable=["image"], help={"image": "a PNG or JPEG; as many as you like"})
    def predict(context, image):
        ...                          # invoke predict a.png b.png --image c.png: ["a.png", "b.png", "c.png"]

Invoke's own parser has a fixed number of positional arguments a task, and takes the next word for one that is missing,
be it ``--help``. Here a task has as many as were typed.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import invoke
from invoke.parser import Argument

_WORD = "{}-{}"


class Helpful(invoke.Task):
    """A task that explains itself to ``invoke TASK --help`` also where it wants a word after its name."""

    def get_arguments(self, ignore_unknown_help: bool | None = None) -> list[Argument]:
        arguments = super().get_arguments(ignore_unknown_help)
        if not {"--help", "-h"}.isdisjoint(sys.argv) and not words_of(sys.argv[1:], self.name, arguments):
            for argument in arguments:
                argument.positional = False
        return arguments


class TakesMany(invoke.Task):
    """A task whose first ``iterable`` option also takes the words that belong to no option."""

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


def words_of(typed: Sequence[str], task: str, options: Sequence[Argument]) -> int:
    """How many words on a command line belong to a task and to none of its options.

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
