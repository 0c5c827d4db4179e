"""Reads the blocks and arguments of Terraform's files as text, for the documentation, the costs and the tests.

Example::

    >>> [block] = parse('variable "name" {\\n  type    = string\\n  default = "scones"\\n}')
    >>> block.kind, block.name, block.arguments
    ('variable', 'name', {'type': 'string', 'default': '"scones"'})

It relies on the layout of `terraform fmt`, which the tests require of every file. A block begins at the margin and ends
with a brace at the margin. Its content is indented by two spaces, at every depth.

Format: https://developer.hashicorp.com/terraform/language/style#code-formatting
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from scones.errors import InputError

_HEADER = re.compile(r'([\w-]+)((?: "[^"]*")*) \{(.*)')
_ARGUMENT = re.compile(r"([\w-]+)\s+= (.*)")
_HEREDOC = re.compile(r"<<-?(\w+)$")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')


@dataclass(frozen=True)
class Block:
    """One block, as text.

    Attributes:
        kind: ``resource``, ``variable``, ``validation``, …
        labels: The quoted labels, such as ``("aws_s3_bucket", "this")``.
        body: The text between the braces, unindented by one level.
        where: The file and the line, such as ``main.tf:7``.
    """

    kind: str
    labels: tuple[str, ...]
    body: str
    where: str

    @property
    def name(self) -> str:
        """The last label, or the kind of a block without labels."""
        return self.labels[-1] if self.labels else self.kind

    @cached_property
    def arguments(self) -> dict[str, str]:
        """Each argument's expression, as text."""
        return {name: text for name, text in _parts(self.body, self.where) if isinstance(text, str)}

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """The blocks directly inside, in order."""
        return tuple(block for _, block in _parts(self.body, self.where) if isinstance(block, Block))

    def argument(self, name: str) -> str | None:
        """An argument's expression, as text. None if it is not set."""
        return self.arguments.get(name)

    def within(self, kind: str) -> list[Block]:
        """The blocks of a kind directly inside."""
        return [block for block in self.blocks if block.kind == kind]

    def deep(self, kind: str) -> list[Block]:
        """The blocks of a kind at any depth, such as the preconditions of a resource's lifecycle."""
        return [found for block in self.blocks for found in ([block] if block.kind == kind else block.deep(kind))]


def read(folder: Path, pattern: str = "*.tf") -> list[Block]:
    """Read the blocks of a folder's files, in the order of the file names.

    Raises:
        InputError: there is no such file, or one is not formatted by `terraform fmt`.
    """
    paths = sorted(folder.glob(pattern))
    if not paths:
        raise InputError(f"{folder} has no {pattern}", hint="a module or stack is a folder with main.tf and its kin")
    return [block for path in paths for block in parse(path.read_text(), str(path))]


def parse(text: str, where: str = "text") -> list[Block]:
    """Read the top-level blocks of a text.

    Raises:
        InputError: the text is not formatted by `terraform fmt`.
    """
    return [part for _, part in _parts(text, where) if isinstance(part, Block)]


def one_line(expression: str) -> str:
    """Write an expression on one line, without comments, with commas instead of line ends.

    Example::

        >>> one_line("object({\\n  days = number # at most 30\\n  name = string\\n})")
        'object({ days = number, name = string })'
    """
    said = ""
    for line in expression.splitlines():
        part = _plain(line)
        if not part:
            continue
        if not said or said.endswith(("(", "[")) or part[0] in ")]":
            between = ""
        elif said.endswith(("{", ",")) or part[0] == "}":
            between = " "
        else:
            between = ", "
        # A trailing comma before a closing bracket is dropped.
        said = (said.removesuffix(",") if part[0] in ")]}" else said) + between + part
    return said


def text_of(expression: str) -> str:
    """The value of a quoted string without interpolation.

    Raises:
        InputError: the expression is anything else.
    """
    if not _STRING.fullmatch(expression):
        raise InputError(f"{expression} is not a plain quoted string")
    return json.loads(expression).replace("$${", "${").replace("%%{", "%{")


def _plain(line: str) -> str:
    """A line without its comment and with single spaces. Quoted strings stay as they are."""
    pieces, end = [], 0
    for quoted in [*_STRING.finditer(line), None]:
        between = line[end : quoted.start() if quoted else None]
        bare = re.split(r"#|//", between, maxsplit=1)[0]
        pieces.append(re.sub(r"\s+", " ", bare))
        if quoted is None or bare != between:
            break
        pieces.append(quoted[0])
        end = quoted.end()
    return "".join(pieces).strip()


def _parts(text: str, where: str) -> Iterator[tuple[str, Block | str]]:
    """The top-level arguments (as text) and blocks of a text, by name."""
    path, _, first = where.rpartition(":")
    path, above = (path, int(first)) if first.isdigit() and path else (where, 0)
    lines = text.splitlines()
    number = 0
    while number < len(lines):
        line = lines[number]
        here = f"{path}:{above + number + 1}"
        if not line.strip() or line.startswith(("#", "//")):
            number += 1
            continue
        if header := _HEADER.fullmatch(line):
            kind, labels, rest = header[1], tuple(re.findall(r'"([^"]*)"', header[2])), header[3].strip()
            if rest.endswith("}"):
                yield kind, Block(kind, labels, rest.removesuffix("}").strip(), here)
                number += 1
                continue
            end = _closing(lines, number, "}")
            if rest or end is None:
                raise InputError(f"{here}: the block '{kind}' does not end as `terraform fmt` formats it")
            yield kind, Block(kind, labels, _outdented(lines[number + 1 : end]), here)
            number = end + 1
        elif argument := _ARGUMENT.fullmatch(line):
            end = _end_of_argument(lines, number)
            yield argument[1], "\n".join([argument[2], *lines[number + 1 : end]])
            number = end
        else:
            raise InputError(f"{here}: neither an argument nor a block: {line}", hint="run: terraform fmt -recursive")


def _closing(lines: list[str], begin: int, closer: str) -> int | None:
    return next((number for number, line in _bare(lines, begin + 1) if line == closer), None)


def _end_of_argument(lines: list[str], begin: int) -> int:
    """The line after an argument: the next one at the margin that does not begin with a closing bracket."""
    for number, line in _bare(lines, begin + 1, heredoc=_HEREDOC.search(lines[begin])):
        if line and not line.startswith((" ", "}", ")", "]")):
            return number
        if not line:  # a blank line ends it too, unless the next line is indented or closes a bracket
            following = next((later for later in lines[number + 1 :] if later.strip()), "")
            if not following.startswith((" ", "}", ")", "]")):
                return number
    return len(lines)


def _bare(lines: list[str], begin: int, *, heredoc: re.Match[str] | None = None) -> Iterator[tuple[int, str]]:
    """The lines outside of heredocs, each with its number."""
    marker = heredoc[1] if heredoc else None
    for number in range(begin, len(lines)):
        if marker:
            marker = None if lines[number].strip() == marker else marker
            continue
        yield number, lines[number]
        if opened := _HEREDOC.search(lines[number]):
            marker = opened[1]


def _outdented(lines: Iterable[str]) -> str:
    return "\n".join(line.removeprefix("  ") for line in lines)
