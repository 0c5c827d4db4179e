"""Writes what the local cloud does of the Amazon States Language: each field with its case, and what is refused.

Example::

    >>> sorted(used({"StartAt": "A", "States": {"A": {"Type": "Succeed", "OutputPath": "$.a"}}}))[:2]
    [('State machine', 'JSONPath', 'StartAt'), ('State machine', 'JSONPath', 'States')]
    >>> ("Map: ItemBatcher", "JSONata", "BatchInput") in known()
    True

A case is a state machine with its input, and with what must come of it (``fields.json`` beside the engine's tests). A
field belongs to the first case that uses it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from localcloud import fidelity
from localcloud.stepfunctions.integrations import support
from localcloud.stepfunctions.integrations.names import capitalized, names, sdk_services
from localcloud.stepfunctions.integrations.readers import READ_TYPES
from localcloud.stepfunctions.language import choices, fields

CASES = Path("tests/unit/localcloud/stepfunctions/engine/fields.json")
JSONPATH, JSONATA = LANGUAGES = ("JSONPath", "JSONata")
RULES = {"And", "Or", "Not", "Variable", "Next", "Assign", *choices.COMPARISONS}

# A field: where it stands, in which query language, and its name.
Place = tuple[str, str, str]


def page(root: Path) -> str:
    """The generated part of ``docs/states-language.md``, in Markdown.

    Args:
        root: The project's folder.
    """
    cases = json.loads((root / CASES).read_text())
    return "\n\n".join([_tables(covered(cases)), _refused()])


def known() -> set[Place]:
    """Every field that the local cloud accepts. ``Comment`` stands everywhere, and is left out."""
    found: dict[tuple[str, str], set[str]] = {}
    for language in LANGUAGES:
        jsonata = language == JSONATA
        inner = {"Arguments"} if jsonata else {"Parameters"}
        read = {name for name in fields.READER_CONFIG if not (jsonata and name.endswith("Path"))}
        batch = {name for name in fields.BATCHER if not (jsonata and name.endswith("Path"))}
        places = {
            "State machine": fields.WHOLE_MACHINE - {"QueryLanguage"},
            **{kind: fields.of_state(kind, jsonata=jsonata) for kind in fields.TYPES},
            "Choice: Choices": {"Condition", "Next", "Output", "Assign"} if jsonata else RULES,
            "Retry": fields.RETRIER,
            "Catch": fields.CATCHER | ({"Output"} if jsonata else {"ResultPath"}),
            "Map: ItemProcessor": fields.PROCESSOR - {"QueryLanguage"},
            "Map: ProcessorConfig": {"Mode", "ExecutionType"},
            "Map: ItemReader": fields.READER | inner,
            "Map: ReaderConfig": read,
            "Map: ItemBatcher": batch,
            "Map: ResultWriter": fields.WRITER | inner,
        }
        found |= {(where, language): names for where, names in places.items()}
    return {(where, language, name) for (where, language), names in found.items() for name in names - {"Comment"}}


def covered(cases: Mapping[str, Mapping[str, Any]]) -> dict[Place, str]:
    """The first case that uses each field."""
    found: dict[Place, str] = {}
    for name, case in cases.items():
        for place in used(case["definition"]):
            found.setdefault(place, name)
    return found


def used(definition: Mapping[str, Any], where: str = "State machine", language: str = JSONPATH) -> set[Place]:
    """Every field of a definition."""
    language = definition.get("QueryLanguage", language)
    found = {(where, language, name) for name in definition}
    for state in definition["States"].values():
        found |= set(_state(state, state.get("QueryLanguage", language)))
    return found


def _state(state: Mapping[str, Any], language: str) -> Iterator[Place]:
    kind = state["Type"]
    yield from ((kind, language, name) for name in state)
    for name in ("Retry", "Catch"):
        yield from ((name, language, inner) for entry in state.get(name, ()) for inner in entry)
    for rule in state.get("Choices", ()):
        yield from (("Choice: Choices", language, name) for name in _names(rule))
    for branch in state.get("Branches", ()):
        yield from used(branch, "Parallel: Branches", language)
    for name in ("ItemProcessor", "Iterator"):
        if name in state:
            yield from used(state[name], "Map: ItemProcessor", language)
            config = state[name].get("ProcessorConfig", {})
            yield from (("Map: ProcessorConfig", language, inner) for inner in config)
    for name in ("ItemReader", "ItemBatcher", "ResultWriter"):
        yield from ((f"Map: {name}", language, inner) for inner in state.get(name, {}))
    reader = state.get("ItemReader", {}).get("ReaderConfig", {})
    yield from (("Map: ReaderConfig", language, name) for name in reader)


def _names(rule: Any) -> Iterator[str]:
    """The names in a rule of Choices, and in the rules inside it."""
    if isinstance(rule, list):
        for one in rule:
            yield from _names(one)
    elif isinstance(rule, dict):
        for name, value in rule.items():
            yield name
            if name in ("And", "Or", "Not"):
                yield from _names(value)


def _tables(cases: Mapping[Place, str]) -> str:
    made = []
    fields_of: dict[str, dict[str, set[str]]] = {}
    for where, language, name in known():
        fields_of.setdefault(where, {}).setdefault(name, set()).add(language)
    order = ["State machine", *fields.TYPES]
    for where in sorted(fields_of, key=lambda name: (order.index(name) if name in order else len(order), name)):
        lines = [f"### {where}", "", f"| field | {JSONPATH} | {JSONATA} |", "|---|---|---|"]
        for name, languages in sorted(fields_of[where].items()):
            cells = [cases.get((where, one, name), "no case") if one in languages else "" for one in LANGUAGES]
            lines.append(f"| `{name}` | {cells[0]} | {cells[1]} |")
        made.append("\n".join(lines))
    return "\n\n".join(made)


def _refused() -> str:
    actions = [
        f"| `{service}` | {', '.join(f'`{action}`' + _patterns(patterns) for action, patterns in named.items())} |"
        for service, named in _done().items()
    ]
    return "\n".join(
        [
            "## What a Task can call",
            "",
            "Functions, activities, and these optimized integrations:",
            "",
            "| service | actions, each with its patterns besides request and response |",
            "|---|---|",
            *actions,
            "",
            "An AWS SDK integration can call each operation that the local cloud has of these services: "
            f"{', '.join(f'`{name}`' for name in sdk_services())}. It can wait for a task token.",
            "",
            "## What is refused by name",
            "",
            "Creating a state machine with one of these fails, and the error names it:",
            "",
            f"- Optimized integrations of other services: {', '.join(f'`{name}`' for name in support.ELSEWHERE)}.",
            "- AWS SDK integrations of services and operations that the local cloud does not have.",
            f"- An `ItemReader` whose `InputType` is `PARQUET`. It can be {_either(READ_TYPES)}.",
            f"- As on AWS: an `ItemReader` with another action than {_either(support.READERS)}, and a `ResultWriter` "
            f"with another than {_either(support.WRITERS)}.",
        ]
    )


def _done() -> dict[str, dict[str, tuple[str, ...]]]:
    """The optimized integrations that are not refused, by service and action."""
    found = {}
    for service, actions in support.ACTIONS.items():
        known = names(service, sdk=False)
        assert known is not None  # a test holds the two tables together
        found[service] = {
            action: patterns
            for action, patterns in actions.items()
            if fidelity.kind_of(known.boto, capitalized(action)) != "refused"
        }
    return found


def _patterns(patterns: tuple[str, ...]) -> str:
    shown = [f"`.{name}`" for name in patterns if name]
    return f" ({', '.join(shown)})" if shown else ""


def _either(names: tuple[str, ...]) -> str:
    return " or ".join(f"`{name}`" for name in names)
