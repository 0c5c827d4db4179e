"""What is known so far: the findings of the steps that ended, and facts such as the names of jobs.

Example::

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "notes.json"
    >>> Notes.load(path).keep("job", "scones-checkdev-1")
    'scones-checkdev-1'
    >>> Notes.load(path).facts
    {'job': 'scones-checkdev-1'}

Everything is written at once, so that an interrupted run goes on where it was.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TypeVar

from imageclassification import files
from scones.errors import InputError

HELD, NOT_HELD, SKIPPED = "held", "did not hold", "skipped"

Value = TypeVar("Value")


@dataclass(frozen=True)
class AttemptEnd:
    """The end of a step.

    Attributes:
        state: ``held``, ``did not hold`` or ``skipped``.
        said: What was seen, or why not.
        seconds: How long it took.
    """

    state: str
    said: str
    seconds: float


@dataclass
class Notes:
    """The findings and facts of one run.

    Attributes:
        path: The file that they are kept in.
        findings: By the key of the step, in the order of their ends.
        facts: What later steps and later runs need, by name.
    """

    path: Path
    findings: dict[str, AttemptEnd] = field(default_factory=dict)
    facts: dict[str, object] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path) -> Notes:
        """Read the notes of an interrupted run. Without a file there are none.

        Raises:
            InputError: the file cannot be read.
        """
        try:
            found = json.loads(path.read_text())
            return cls(path, {key: AttemptEnd(**one) for key, one in found["findings"].items()}, dict(found["facts"]))
        except FileNotFoundError:
            return cls(path)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(
                f"{path} does not hold the notes of a run: {error!r}", hint="delete it, then: invoke aws.check --clean"
            ) from None

    def end(self, key: str, finding: AttemptEnd) -> None:
        """Keep the end of a step."""
        self.findings[key] = finding
        self._write()

    def keep(self, name: str, value: Value) -> Value:
        """Keep a fact, and give it back."""
        self.facts[name] = value
        self._write()
        return value

    def number(self, name: str) -> int:
        """A fact that is a whole number, such as the version of a model."""
        return int(str(self.facts[name]))

    def _write(self) -> None:
        findings: Mapping[str, object] = {key: asdict(one) for key, one in self.findings.items()}
        files.write(self.path, json.dumps({"findings": findings, "facts": self.facts}, indent=2) + "\n")
