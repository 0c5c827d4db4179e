"""Draws the stacks and the state machine as Mermaid diagrams, from the configuration.

Example::

    >>> definition = {"StartAt": "Ask", "States": {"Ask": {"Type": "Task", "End": True}}}
    >>> print(state_machine(definition).replace("```", ""))
    mermaid
    flowchart TD
      start((start)) --> s0
      s0["Ask"]
      s0 --> done((done))

In the diagram of the stacks, an arrow leads from a part to a part whose name or ARN it uses. Language:
https://mermaid.js.org/syntax/flowchart.html
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scones.errors import InputError
from scones.terraform import STACKS, configuration
from scones.terraform.configuration import Block, text_of

# The AWS service of a resource type, by the type's prefix. The longest matching prefix counts.
SERVICES = {
    "aws_appautoscaling_": "Application Auto Scaling",
    "aws_budgets_": "Budgets",
    "aws_ce_": "Cost Explorer",
    "aws_cloudwatch_": "CloudWatch",
    "aws_cloudwatch_event_": "EventBridge",
    "aws_cloudwatch_log_": "CloudWatch Logs",
    "aws_cloudwatch_query_definition": "CloudWatch Logs",
    "aws_default_security_group": "VPC",
    "aws_flow_log": "VPC",
    "aws_iam_": "IAM",
    "aws_kms_": "KMS",
    "aws_lambda_": "Lambda",
    "aws_network_acl": "VPC",
    "aws_route": "VPC",
    "aws_s3_": "S3",
    "aws_sagemaker_": "SageMaker",
    "aws_scheduler_": "EventBridge Scheduler",
    "aws_security_group": "VPC",
    "aws_sfn_": "Step Functions",
    "aws_sns_": "SNS",
    "aws_sqs_": "SQS",
    "aws_subnet": "VPC",
    "aws_vpc": "VPC",
    "aws_xray_": "X-Ray",
}

# If this many parts of a stack use the same part of another stack, one arrow from the stack replaces their arrows.
MANY = 3

_MODULE = re.compile(r"\bmodule\.(\w+)")
_LOCAL = re.compile(r"\blocal\.(\w+)")
_RESOURCE = re.compile(r"(?<!data\.)\b(aws_\w+)\.\w+")
_OUTPUT = re.compile(r"\bterraform_remote_state\.(\w+)\.outputs\.(\w+)")


@dataclass(frozen=True)
class PicturePart:
    """A box of the diagram: a module of a stack, or the stack's own resources of one service.

    Attributes:
        key: The box's id in Mermaid.
        title: The module's or the service's name.
        contents: A module's services, or the kinds of the stack's own resources.
        optional: True if an input switches it on.
    """

    key: str
    title: str
    contents: tuple[str, ...]
    optional: bool


class _Stack:
    """A stack's blocks and their references."""

    def __init__(self, terraform: Path, name: str) -> None:
        self.name = name
        found = configuration.read(terraform / "stacks" / name)
        self.locals = {key: text for block in found if block.kind == "locals" for key, text in block.arguments.items()}
        # Locals that hold all outputs of another stack, such as local.foundation.
        self.whole = {key: text for key, text in self.locals.items() if text.endswith(".outputs")}
        self.outputs = {block.name: block.argument("value") or "" for block in found if block.kind == "output"}
        self.parts: dict[str, PicturePart] = {}
        self.words: dict[str, str] = {}
        for block in found:
            if block.kind == "module":
                source = terraform / "modules" / Path(text_of(block.argument("source") or '""')).name
                part = PicturePart(self._key(block.name), _title(block), services(source), _optional(block))
            elif block.kind == "resource" and block.labels[0].startswith("aws_"):
                service = service_of(block.labels[0])
                part = PicturePart(self._key(service), service, _things(found, service), False)
            else:
                continue
            self.parts[part.key] = part
            self.words[part.key] = f"{self.words.get(part.key, '')}\n{block.body}"

    def _key(self, name: str) -> str:
        return f"{self.name}_{re.sub(r'[^a-z0-9]', '_', name.lower())}"

    def used(self, text: str, seen: frozenset[str] = frozenset()) -> Iterator[str | tuple[str, str]]:
        """The parts that a text refers to: keys of this stack's parts, and (stack, output) for other stacks."""
        text = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
        for name, outputs in self.whole.items():
            text = re.sub(rf"\blocal\.{name}\b", outputs, text)
        yield from (self._key(name) for name in _MODULE.findall(text))
        yield from (self._key(service_of(kind)) for kind in _RESOURCE.findall(text))
        yield from _OUTPUT.findall(text)
        for name in dict.fromkeys(_LOCAL.findall(text)):
            if name not in seen and name in self.locals:
                yield from self.used(self.locals[name], seen | {name})


def service_of(kind: str) -> str:
    """The AWS service of a resource type.

    Example::

        >>> service_of("aws_cloudwatch_log_group")
        'CloudWatch Logs'

    Raises:
        InputError: SERVICES does not know the type.
    """
    begins = [begin for begin in SERVICES if kind.startswith(begin)]
    if not begins:
        raise InputError(
            f"the service of {kind} is not known", hint="add it to SERVICES in python/scones/docs/picture.py"
        )
    return SERVICES[max(begins, key=len)]


def services(module: Path) -> tuple[str, ...]:
    """The services of a module's resources: most resources first, then in the order of main.tf.

    Raises:
        InputError: SERVICES does not know a resource's type.
    """
    found = sorted(configuration.read(module), key=lambda block: "main.tf:" not in block.where)
    kinds = [block.labels[0] for block in found if block.kind == "resource"]
    # terraform_data belongs to no AWS service.
    made = Counter(service_of(kind) for kind in kinds if kind.startswith("aws_"))
    return tuple(name for name, _ in made.most_common())


def stacks(terraform: Path) -> str:
    """The diagram of the stacks, their modules, and the references between them.

    Raises:
        InputError: SERVICES does not know a resource's type.
    """
    found = {name: _Stack(terraform, name) for name in STACKS}
    lines = ["flowchart LR"]
    for name, stack in found.items():
        lines += [
            f'  subgraph {name}["stack {name}"]',
            *(f"    {_box(part)}" for part in stack.parts.values()),
            "  end",
        ]
    return _fenced([*lines, *(f"  {edge}" for edge in _edges(found)), "  classDef optional stroke-dasharray: 5 5"])


def state_machine(definition: Mapping[str, Any]) -> str:
    """The diagram of the states and transitions. Dotted arrows are Catches."""
    states = definition["States"]
    keys = {name: f"s{number}" for number, name in enumerate(states)}
    lines = ["flowchart TD", f"  start((start)) --> {keys[definition['StartAt']]}"]
    arrows: list[str] = []
    for name, state in states.items():
        lines.append(f"  {_state(keys[name], name, state)}")
        if "Next" in state:
            arrows.append(f"{keys[name]} --> {keys[state['Next']]}")
        if state.get("End"):
            arrows.append(f"{keys[name]} --> done((done))")
        for choice in state.get("Choices", ()):
            arrows.append(f"{keys[name]} -- if so --> {keys[choice['Next']]}")
        if "Default" in state:
            arrows.append(f"{keys[name]} -- else --> {keys[state['Default']]}")
        for catch in state.get("Catch", ()):
            arrows.append(f'{keys[name]} -. "{_errors(catch["ErrorEquals"])}" .-> {keys[catch["Next"]]}')
    return _fenced([*lines, *(f"  {arrow}" for arrow in arrows)])


def _edges(found: Mapping[str, _Stack]) -> list[str]:
    edges: list[str] = []
    for stack in found.values():
        users: dict[str, list[str]] = {}
        for key, words in stack.words.items():
            for target in dict.fromkeys(_targets(found, stack, words)):
                if target != key:
                    users.setdefault(target, []).append(key)
        for target, keys in users.items():
            own = target in stack.parts
            edges += [f"{key} --> {target}" for key in ([stack.name] if len(keys) >= MANY and not own else keys)]
    return edges


def _targets(found: Mapping[str, _Stack], stack: _Stack, words: str) -> Iterator[str]:
    for used in stack.used(words):
        if isinstance(used, str):
            yield used
        else:
            other = found[used[0]]
            yield from (key for key in other.used(other.outputs.get(used[1], "")) if isinstance(key, str))


def _things(blocks: Iterable[Block], service: str) -> tuple[str, ...]:
    """A service's kinds of resources, without those that complete another, such as aws_s3_bucket_policy."""
    made = {block.labels[0] for block in blocks if block.kind == "resource" and block.labels[0].startswith("aws_")}
    kinds = {kind for kind in made if service_of(kind) == service}
    main = [kind for kind in sorted(kinds) if not any(kind.startswith(f"{other}_") for other in kinds)]
    return tuple(kind.split("_", 2)[-1].replace("_", " ") for kind in main)


def _optional(call: Block) -> bool:
    """True if a module can be left out: it has ``count``, or a ``for_each`` over a value that may be null (`[*]`)."""
    return "count" in call.arguments or "[*]" in (call.argument("for_each") or "")


def _title(call: Block) -> str:
    return f"{call.name}, one each" if "for_each" in call.arguments and not _optional(call) else call.name


def _box(part: PicturePart) -> str:
    label = "<br>".join([part.title, *([", ".join(part.contents)] if part.contents else [])])
    return f'{part.key}["{label}"]{":::optional" if part.optional else ""}'


def _state(key: str, name: str, state: Mapping[str, Any]) -> str:
    function = re.search(r"\$\{(\w+)_arn\}", str(state.get("Parameters", {}).get("FunctionName", "")))
    label = f"{name}<br>{function[1]}" if function else name
    opened, closed = {"Choice": ("{", "}"), "Fail": ("([", "])")}.get(state["Type"], ("[", "]"))
    return f'{key}{opened}"{label}"{closed}'


def _errors(names: Iterable[str]) -> str:
    first, *more = names
    if first == "States.ALL":
        return "any other error"
    return f"{first} and {len(more)} more" if more else first


def _fenced(lines: Iterable[str]) -> str:
    return "\n".join(["```mermaid", *lines, "```"])
