"""The layers of the packages and folders: what each may import, and rules for classes and signatures."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PYTHON = Path(__file__).resolve().parents[2] / "python"

# The packages, each with the packages that it may import.
STREET = {
    "imageclassification": set(),
    "localcloud": {"imageclassification"},
    "scones": {"imageclassification", "localcloud"},
}

# The algorithm runs without AWS.
AWS = {"boto3", "botocore", "moto", "sagemaker"}

# The layers of scones, lowest first. A module may import modules of lower layers.
FLOORS = (
    {"errors"},
    {"steps", "s3", "drawing"},
    {"settings", "revision", "dataset"},
    {"aws"},
    {"terraform"},
    {"model", "docs"},
    {"training", "service"},
    {"delivery", "cost", "proof", "demo"},
    {"notebook", "console"},
    {"tasks"},
)
# The layers of the local cloud. iam imports no service. A service imports neither the server nor its assembly.
CLOUD_FLOORS = (
    {
        "arns",
        "errors",
        "foreign",
        "guard",
        "holdings",
        "identifiers",
        "quick_start",
        "incoming",
        "jsontexts",
        "log",
        "logfile",
        "paths",
    },
    {"chain", "children", "latency"},
    {"algorithm", "catalogue", "constraints", "fidelity", "reading"},
    {"refusals", "durability", "http"},
    {"control"},
    {"iam"},
    {"context", "direct", "roleclients"},
    {"kms", "ec2", "xray", "logs", "events", "budgets", "ce", "servicequotas"},
    {"applicationautoscaling", "resourcegroupstaggingapi", "s3", "scheduler", "sns", "sqs", "lambda_", "stepfunctions"},
    {"cloudwatch", "sagemaker"},
    {"services", "diskspace", "door", "limits", "lost_answers", "requestlog", "throttling"},
    {"acknowledgement"},
    {"application"},
    {"assembly"},
    {"server"},
)
MOST_ENTRIES = 21
MOST_PARAMETERS = 8
SAME_NAME = frozenset({"Execution"})  # classes with two definitions, because AWS has the name twice


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def modules(package: Path) -> Iterator[tuple[str, Path]]:
    """Every module of a package, by its dotted name. A folder's ``__init__`` has the folder's name."""
    for path in sorted(package.rglob("*.py")):
        name = ".".join(path.relative_to(package.parent).with_suffix("").parts)
        yield name.removesuffix(".__init__"), path


def imported(name: str, path: Path, root: Path) -> set[str]:
    """All imports of a module: at its top, in functions, and only for the type checker."""
    found = set()
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            package = name.split(".") if path.stem == "__init__" else name.split(".")[:-1]
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                place = root.joinpath(*base.split("."), alias.name)
                module = place.is_dir() or place.with_suffix(".py").exists()
                found.add(f"{base}.{alias.name}" if module else base)
    return found


def imports(package: Path) -> dict[str, set[str]]:
    return {name: imported(name, path, package.parent) for name, path in modules(package)}


def outside(package: Path, allowed: set[str], forbidden: set[str]) -> list[str]:
    """Forbidden imports of other packages and of libraries."""
    return [
        f"{name} imports {one}"
        for name, found in imports(package).items()
        for one in sorted(found)
        if one.partition(".")[0] in (STREET.keys() - allowed - {package.name}) | forbidden
    ]


def upwards(package: Path, floors: tuple[set[str], ...]) -> list[str]:
    """Imports inside a package that do not lead to a lower layer, and entries without a layer."""
    level = {entry: number for number, entries in enumerate(floors) for entry in entries}
    found = []
    for name, targets in imports(package).items():
        entry = name.split(".")[1] if "." in name else None
        if entry and entry not in level:
            found.append(f"{entry} stands on no floor")
        for target in sorted(targets):
            other = target.split(".")[1] if target.startswith(f"{package.name}.") else None
            if entry and other and other != entry and level.get(other, 99) >= level.get(entry, -1):
                found.append(f"{name} imports {target}")
    return found


def circles(package: Path) -> list[str]:
    """Modules and folders in the same folder that import each other in a circle."""
    folders: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for name, targets in imports(package).items():
        for target in targets:
            shared = 0
            for one, other in zip(here := name.split("."), there := target.split("."), strict=False):
                if one != other:
                    break
                shared += 1
            if 0 < shared < min(len(here), len(there)):
                folders[".".join(here[:shared])][here[shared]].add(there[shared])
    return [f"in {folder}: {' -> '.join(circle)}" for folder, graph in folders.items() if (circle := _circle(graph))]


def _circle(graph: Mapping[str, set[str]]) -> list[str]:
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return error.args[1]
    return []


def classes(packages: list[Path]) -> dict[str, list[str]]:
    """The modules that define each class."""
    found = defaultdict(list)
    for package in packages:
        for name, path in modules(package):
            for node in ast.walk(parsed(path)):
                if isinstance(node, ast.ClassDef):
                    found[node.name].append(name)
    return found


def long_signatures(package: Path, most: int) -> list[str]:
    """Public functions and constructors with too many parameters."""
    found = []
    for name, path in modules(package):
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.FunctionDef) and (not node.name.startswith("_") or node.name == "__init__"):
                of = node.args
                count = len([*of.posonlyargs, *of.args, *of.kwonlyargs, *filter(None, (of.vararg, of.kwarg))])
                count -= bool(of.args) and of.args[0].arg in ("self", "cls")
                if count > most and not name.startswith("scones.tasks"):  # there they are options
                    found.append(f"{name}.{node.name} has {count}")
    return found


@pytest.mark.parametrize("package", STREET)
def test_packages_import_only_those_below_them(package: str) -> None:
    assert outside(PYTHON / package, STREET[package], AWS if package == "imageclassification" else set()) == []


@pytest.mark.parametrize(("package", "floors"), [("scones", FLOORS), ("localcloud", CLOUD_FLOORS)])
def test_every_import_leads_down(package: str, floors: tuple[set[str], ...]) -> None:
    assert upwards(PYTHON / package, floors) == []


def test_scones_has_few_entries() -> None:
    entries = [path.name for path in (PYTHON / "scones").iterdir() if path.name != "__pycache__"]
    assert len(entries) <= MOST_ENTRIES


@pytest.mark.parametrize("package", STREET)
def test_nothing_imports_in_a_circle(package: str) -> None:
    assert circles(PYTHON / package) == []


def test_a_class_has_a_name_of_its_own() -> None:
    found = classes([PYTHON / package for package in STREET])
    assert {name: where for name, where in found.items() if len(where) > 1 and name not in SAME_NAME} == {}


@pytest.mark.parametrize("package", STREET)
def test_no_function_takes_more_than_a_caller_can_keep_in_mind(package: str) -> None:
    assert long_signatures(PYTHON / package, MOST_PARAMETERS) == []


def test_a_wrong_import_a_circle_a_second_class_and_a_long_signature_are_seen(tmp_path: Path) -> None:
    """A small project that breaks every rule."""
    street = {
        "imageclassification/train.py": "def train():\n    import boto3\n    from scones import errors\n",
        "scones/__init__.py": "",
        "scones/errors.py": "from .tasks import cli\nclass Outcome: ...\n",
        "scones/tasks/cli.py": "from scones import errors\nclass Outcome: ...\n",
        "scones/model/one.py": "if TYPE_CHECKING:\n    from scones.model.two import Two\n",
        "scones/model/two.py": "def two():\n    from scones.model import one\n",
        "scones/spare.py": "def start(a, b, c, d, e, *, f, g, h, **i): ...\n",
    }
    for name, text in street.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    algorithm, workflow = tmp_path / "imageclassification", tmp_path / "scones"
    assert outside(algorithm, set(), AWS) == [
        "imageclassification.train imports boto3",
        "imageclassification.train imports scones.errors",
    ]
    assert upwards(workflow, FLOORS) == ["scones.errors imports scones.tasks.cli", "spare stands on no floor"]
    assert {circle.partition(":")[0] for circle in circles(workflow)} == {"in scones", "in scones.model"}
    assert classes([workflow])["Outcome"] == ["scones.errors", "scones.tasks.cli"]
    assert long_signatures(workflow, MOST_PARAMETERS) == ["scones.spare.start has 9"]
