"""Writes the inputs and outputs of a module or stack as Markdown tables.

Example::

    >>> from scones.settings import ROOT
    >>> tables(ROOT / "terraform/modules/bucket").splitlines()[0]
    '## Inputs'
"""

from __future__ import annotations

from pathlib import Path

from scones.terraform import configuration
from scones.terraform.configuration import Block, one_line, text_of


def tables(folder: Path, level: int = 2) -> str:
    """A table of the inputs and a table of the outputs, in the order of the files.

    Args:
        folder: The module's or stack's folder.
        level: The level of the headings.

    Raises:
        InputError: the folder has no configuration, or a description is not a plain string.
    """
    found = configuration.read(folder)
    inputs = [_input(block) for block in found if block.kind == "variable"]
    outputs = [[_code(block.name), _description(block)] for block in found if block.kind == "output"]
    return "\n\n".join(
        [
            f"{'#' * level} Inputs",
            _table(["name", "what it is", "type", "default"], inputs),
            f"{'#' * level} Outputs",
            _table(["name", "what it is"], outputs),
        ]
    )


def _input(block: Block) -> list[str]:
    default = block.argument("default")
    return [
        _code(block.name),
        _description(block),
        _code(one_line(block.argument("type") or "any")),
        "**required**" if default is None else _code(one_line(default)),
    ]


def _description(block: Block) -> str:
    return _cell(text_of(block.argument("description") or '""'))


def _code(text: str) -> str:
    fence = "``" if "`" in text else "`"
    return _cell(f"{fence}{text}{fence}")


def _cell(text: str) -> str:
    """Text for a table's cell. GitHub needs an escaped ``|``, even in code, and a single line."""
    return text.replace("|", "\\|").replace("\n", " ")


def _table(header: list[str], rows: list[list[str]]) -> str:
    lines = [" | ".join(row) for row in [header, *rows]]
    return "\n".join([f"| {lines[0]} |", f"|{'---|' * len(header)}", *(f"| {line} |" for line in lines[1:])])
