"""Writes what the local cloud does of each operation: executed, configuration, stored or refused.

Example::

    >>> page().splitlines()[0]
    '| service | executed | configuration | stored | refused |'
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from localcloud import fidelity, latency


def page() -> str:
    """The generated part of ``docs/fidelity.md``, in Markdown."""
    return "\n\n".join([_counts(), *(_service(name) for name in fidelity.TABLE), _parts(), _idle(), _otherwise()])


def _counts() -> str:
    rows, totals = [], Counter[str]()
    for service in fidelity.TABLE:
        counts = Counter(fidelity.operations(service).values())
        totals += counts
        rows.append([f"[{service}](#{service})", *(str(counts[kind] or "") for kind in fidelity.KINDS)])
    rows.append(["**all**", *(f"**{totals[kind]}**" for kind in fidelity.KINDS)])
    return _table(["service", *fidelity.KINDS], rows)


def _service(service: str) -> str:
    known, kinds = fidelity.TABLE[service], fidelity.operations(service)
    refused = [name for name, kind in kinds.items() if kind == "refused"]
    rows = [["executed", _names(known.executed.split()), ""]]
    for kind, groups in (("configuration", known.configuration), ("stored", known.stored)):
        rows += [[kind, _names(names.split()), why] for names, why in groups.items()]
    parts = [f"## {service}", _table(["kind", "operations", "what acts on it, or why nothing does"], rows)]
    if refused:
        parts += [f"<details><summary>{len(refused)} refused</summary>", _names(refused), "</details>"]
    return "\n\n".join(parts)


def _parts() -> str:
    rows: dict[tuple[str, str], None] = {}
    for part in fidelity.PARTS:
        what = _member(part.path)
        if part.most is not None:
            what = f"more than {part.most} of {what}"
        elif part.supported is not None:
            what = f"{what} other than {_values(part.supported)}"
        if part.off is not None:
            what += f", unless {_member(part.off[0])} is {_values(part.off[1])}"
        rows[_operations(part), what] = None
    return "## Parts that are refused\n\n" + _table(["operations", "part"], [list(row) for row in rows])


def _idle() -> str:
    rows = [[_operations(one), _member(one.path), one.reason] for one in fidelity.IDLE]
    return "## Parts that are kept and change nothing\n\n" + _table(["operations", "part", "why"], rows)


def _otherwise() -> str:
    header = ["what", "here", "why", "what it could hide", f"with `{latency.VARIABLE}=aws`"]
    rows = [[one.what, one.here, one.reason, one.hides, "as on AWS" if one.slow else ""] for one in fidelity.OTHERWISE]
    return "## What is judged otherwise than on AWS\n\n" + _table(header, rows)


def _operations(part: fidelity.Part | fidelity.Idle) -> str:
    return _names(f"{part.service}:{name}" for name in part.operations.split())


def _member(path: str) -> str:
    return f"`{path.replace('.*', '')}`"


def _values(pattern: str) -> str:
    r"""A pattern of values, in a table: a stroke between two of them would end the cell.

    Example::

        >>> _values("INFO|WARN")
        '`INFO`, `WARN`'
        >>> _values(r"python[23]\.\d+")
        '`python[23]\\.\\d+`'
    """
    return ", ".join(f"`{one}`" if one else "empty" for one in pattern.split("|"))


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))


def _table(header: list[str], rows: list[list[str]]) -> str:
    lines = [" | ".join(row) for row in [header, *rows]]
    return "\n".join([f"| {lines[0]} |", f"|{'---|' * len(header)}", *(f"| {line} |" for line in lines[1:])])
