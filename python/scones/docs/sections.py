"""Replaces generated parts of Markdown files, which stand between two comments.

Example::

    >>> section = Section("tasks", "new")
    >>> print(section.filled("<!-- tasks: written by `invoke docs` -->\\nold\\n<!-- end of tasks -->"))
    <!-- tasks: written by `invoke docs` -->
    new
    <!-- end of tasks -->
"""

from __future__ import annotations

from dataclasses import dataclass

from scones.errors import InputError


@dataclass(frozen=True)
class Section:
    """A generated part.

    Attributes:
        name: The part's name in its comments.
        content: The Markdown between the comments.
    """

    name: str
    content: str

    @property
    def begin(self) -> str:
        """The comment before it."""
        return f"<!-- {self.name}: written by `invoke docs` -->"

    @property
    def end(self) -> str:
        """The comment after it."""
        return f"<!-- end of {self.name} -->"

    def filled(self, text: str) -> str:
        """Replace what stands between the two comments of ``text``.

        Raises:
            InputError: the text lacks one of the comments.
        """
        before, begin, rest = text.partition(self.begin)
        _, end, after = rest.partition(self.end)
        if not (begin and end):
            raise InputError(f"there is no place for the {self.name}: the lines {self.begin} and {self.end} are needed")
        return f"{before}{self.begin}\n{self.content}\n{self.end}{after}"

    def added(self, text: str) -> str:
        """As :meth:`filled`, but append the part with its comments if ``text`` lacks them."""
        if self.begin in text:
            return self.filled(text)
        return f"{text.rstrip()}\n\n{self.begin}\n{self.content}\n{self.end}\n"
