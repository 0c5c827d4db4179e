"""Lists the files with generated parts, each with its up-to-date text.

Example::

    >>> from scones.settings import ROOT
    >>> text = pages(ROOT, tasks="| task | what it does |", results="", schemas="{}")[ROOT / "README.md"]
    >>> "| task | what it does |" in text
    True
"""

from __future__ import annotations

import json
from pathlib import Path

from imageclassification.imagefile import MOST_PIXELS
from scones.docs import fidelity, language, modules, picture
from scones.docs.sections import Section
from scones.errors import InputError
from scones.terraform import STACKS

LIMITS = '''"""The endpoint's limit, from imageclassification.imagefile. Written by `invoke docs`."""

MAX_PIXELS = {pixels:_}
'''


def pages(root: Path, tasks: str, results: str, schemas: str) -> dict[Path, str]:
    """The whole text of each file, with its generated parts up to date.

    Args:
        root: The project's folder.
        tasks: The README's table of tasks, in Markdown.
        results: What tasks print with ``--json``, in Markdown.
        schemas: The JSON Schemas of these.

    Raises:
        InputError: a file lacks the comments of a generated part, or a Terraform file cannot be read.
    """
    terraform = root / "terraform"
    definition = json.loads((root / "asl" / "classify_image.asl.json").read_text())
    found = {
        root / "README.md": [Section("tasks", tasks)],
        root / "docs" / "architecture.md": [
            Section("stacks", picture.stacks(terraform)),
            Section("state machine", picture.state_machine(definition)),
        ],
        root / "docs" / "fidelity.md": [Section("fidelity", fidelity.page())],
        root / "docs" / "json.md": [Section("results", results)],
        root / "docs" / "states-language.md": [Section("fields", language.page(root))],
        root / "docs" / "settings.md": [
            Section(f"inputs and outputs of {name}", modules.tables(terraform / "stacks" / name, level=3))
            for name in STACKS
        ],
    }
    made = {path: _filled(path, sections) for path, sections in found.items()}
    for folder in sorted(path.parent for path in terraform.glob("modules/*/versions.tf")):
        readme = folder / "README.md"
        text = readme.read_text() if readme.exists() else f"# {folder.name}\n"
        made[readme] = Section("inputs and outputs", modules.tables(folder)).added(text)
    made[root / "docs" / "json-schemas.json"] = schemas
    # A function's zip holds its folder alone. So the limit that it shares with the endpoint is written there.
    made[root / "lambdas" / "serialize_image_data" / "limits.py"] = LIMITS.format(pixels=MOST_PIXELS)
    return made


def _filled(path: Path, sections: list[Section]) -> str:
    text = path.read_text()
    for section in sections:
        try:
            text = section.filled(text)
        except InputError as error:
            raise InputError(f"{path}: {error.message}") from None
    return text
