"""Compares the pinned models before and after a change: accuracy, classes, data set.

Example::

    >>> after = PinnedModel("arn:…", 1, "image", "s3://BUCKET/KEY", "9f86", ("bicycle", "motorcycle"), {}, "5d41", "")
    >>> Promotion(None, after).markdown().splitlines()[0]
    '**Model: version 1, the first**'
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from scones import revision
from scones.errors import RegistryError
from scones.model.registry.pinned import VALIDATION_ACCURACY, PinnedModel, parse_pin, read_pin


@dataclass(frozen=True)
class Promotion:
    """A change of the pinned model.

    Attributes:
        before: The model that was pinned before; None for the first one.
        after: The model that is pinned now.
    """

    before: PinnedModel | None
    after: PinnedModel

    @property
    def is_worse(self) -> bool:
        """True if the accuracy on the validation images falls."""
        if self.before is None:
            return False
        old, new = self.before.metrics.get(VALIDATION_ACCURACY), self.after.metrics.get(VALIDATION_ACCURACY)
        return old is not None and new is not None and new < old

    def markdown(self) -> str:
        """A heading and a table, for a pull request."""
        old, new = self.before, self.after
        if old is None:
            title = f"**Model: version {new.version}, the first**"
        else:
            way = "→" if new.version >= old.version else "rolled back to"
            title = f"**Model: version {old.version} {way} {new.version}**"
        names = sorted(
            {*new.metrics, *(old.metrics if old else ())}, key=lambda name: (name != VALIDATION_ACCURACY, name)
        )
        rows = [self._row(name) for name in names]
        described = [("classes", "class_labels"), ("data set", "dataset_fingerprint"), ("trained from", "git_commit")]
        rows += [f"| {title} | {_text(old, name)} | {_text(new, name)} | |" for title, name in described]
        rows.append(f"| artifact SHA-256 | {_text(old, 'artifact_sha256')} | {_text(new, 'artifact_sha256')} | |")
        lines = [title, "", "| | before | after | difference |", "|---|---|---|---|", *rows]
        if self.is_worse:
            lines += ["", "⚠️ **The validation accuracy falls.**"]
        if old and old.class_labels != new.class_labels:
            lines += ["", "⚠️ **The classes differ: clients of the endpoint must use the new ones.**"]
        if old and old.dataset_fingerprint != new.dataset_fingerprint:
            lines += ["", "The two models were measured on different data sets, so their figures compare only roughly."]
        return "\n".join(lines)

    def _row(self, name: str) -> str:
        old = self.before.metrics.get(name) if self.before else None
        new = self.after.metrics.get(name)
        difference = f"{new - old:+.4f}" if old is not None and new is not None else ""
        return f"| `{name}` | {_number(old)} | {_number(new)} | {difference} |"


def find(root: Path, pin: Path, base: str | None) -> Promotion | None:
    """Compare the pinned model of a checkout with that of an earlier revision.

    None if no model is pinned, or if the model is the same.

    Args:
        root: The checkout.
        pin: The pinned model's file in the checkout.
        base: The earlier revision; None if there is none.

    Raises:
        RegistryError: one of the two files cannot be read.
    """
    if not pin.exists() or pin.is_relative_to(root / "build"):  # a file outside of git has no earlier version
        return None
    after = read_pin(pin)
    was = revision.text(root, base, pin) if base else None
    try:
        before = parse_pin(was) if was is not None else None
    except (ValueError, KeyError, TypeError) as error:
        raise RegistryError(f"{pin} of revision {base} does not hold a pinned model: {error!r}") from None
    return None if before == after else Promotion(before, after)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _text(model: PinnedModel | None, name: str) -> str:
    if model is None:
        return ""
    value = getattr(model, name)
    if isinstance(value, tuple):
        return ", ".join(_code(label) for label in value)
    return _code(value[:12]) if value else ""


def _code(text: str) -> str:
    """Text as Markdown code, escaped. Class labels can contain any characters."""
    plain = json.dumps(text, ensure_ascii=False)[1:-1].replace("`", "'").replace("|", "\\|")
    return f"`{plain}`"
