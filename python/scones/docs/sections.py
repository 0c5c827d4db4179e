"""Generated parts of Markdown files: what stands between two comments, and is written by `invoke docs`.

Example::

    section = Section("tasks", "| task | what it does |\\n…")
    section.filled("# Scones\\n<!-- tasks: written by `invoke docs` -->\\nold\\n<!-- end of tasks -->\\n")
"""

from __future__ import annotations

from dataclasses import dataclass

from scones.errors import InputError


@dataclass(frozen=True)
class Section:
    """A generated part.

    Attributes:
        name: What is in it, as its comments say.
        content: What is to stand between them.
    """

    name: str
    content: str

    @property
    def begin(self) -> str:
        """The line before it."""
        return f"<!-- {self.name}: written by `invoke docs` -->"

    @property
    def end(self) -> str:
        """The line after it."""
        return f"<!-- end of {self.name} -->"

    def filled(self, text: str) -> str:
        """``text`` with what is between the two comments made anew.

        Raises:
            InputError: the comments are not there.
        """
        before, begin, rest = text.partition(self.begin)
        _, end, after = rest.partition(self.end)
        if not (begin and end):
            raise InputError(f"there is no place for the {self.name}: the lines {self.begin} and {self.end} are needed")
        return f"{before}{self.begin}\n{self.content}\n{self.end}{after}"

    def added(self, text: str) -> str:
        """As :meth:`filled`, but a text that has no place for it gets one at its end."""
        if self.begin in text:
            return self.filled(text)
        return f"{text.rstrip()}\n\n{self.begin}\n{self.content}\n{self.end}\n"
