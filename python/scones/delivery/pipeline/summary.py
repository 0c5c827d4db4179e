"""Writes plans and drift as Markdown, for a comment on a pull request or for an issue.

Example::

    >>> saved = Saved("service", "dev", commit="4f2a", tree="9be1", terraform="Terraform 1.11.4", changes=True)
    >>> part = SummaryPart(saved, (Change("create", "aws_s3_bucket.this"),), words="Plan: 1 to add.")
    >>> part.line()
    '1 to create'
    >>> plan_page("dev", [part], digest="9f86").splitlines()[0]
    '## Plan of `dev`'

The page lists destroyed and replaced resources first, then all changes, then Terraform's own text.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from scones.delivery.pipeline.changes import ACTIONS, Change
from scones.delivery.pipeline.promotion import Promotion
from scones.delivery.pipeline.saved import Saved

# A comment on GitHub has at most 65,536 characters. This limit of one environment's page lets two fit.
MOST = 30_000
_LISTED = 40  # the most changes listed by name for each stack


@dataclass(frozen=True)
class SummaryPart:
    """One stack's part of the page.

    Attributes:
        saved: The description of the stack's saved plan.
        changes: The plan's changes to resources.
        outputs: The names of the outputs that the plan changes.
        drift: Changes made outside of Terraform.
        words: The text of ``terraform show``, in which Terraform hides sensitive values.
    """

    saved: Saved
    changes: tuple[Change, ...] = ()
    outputs: tuple[str, ...] = ()
    drift: tuple[Change, ...] = ()
    words: str = ""

    def line(self) -> str:
        """The changes in a few words."""
        if self.saved.deferred:
            return self.saved.deferred
        counts = Counter(change.action for change in self.changes)
        said = [f"{counts[action]} to {action}" for action in ACTIONS if counts[action]]
        if self.outputs:
            said.append(f"outputs {', '.join(self.outputs)}")
        return ", ".join(said) or ("the endpoint's variants" if self.saved.changes else "no changes")


def plan_page(
    environment: str, parts: Sequence[SummaryPart], *, digest: str, promotion: Promotion | None = None
) -> str:
    """The summary of an environment's plans.

    Args:
        digest: The digest of the saved plans (:mod:`scones.delivery.pipeline.saved`).
        promotion: The change of the pinned model, if there is one.
    """
    lost = [change for part in parts for change in part.changes if change.action in ("destroy", "replace")]
    head = [f"## Plan of `{environment}`", ""]
    head += [f"- **{part.saved.stack}**: {part.line()}" for part in parts]
    if lost:
        head += ["", f"⚠️ **{len(lost)} resources are destroyed or replaced:**", "", *_list(lost)]
    if promotion:
        head += ["", promotion.markdown()]
    commit = parts[0].saved.commit[:12] if parts else ""
    tail = [
        "",
        f"Of commit `{commit}`, by {parts[0].saved.terraform}. SHA-256 of the saved plans: `{digest}`" if parts else "",
    ]
    room = MOST - sum(map(len, [*head, *tail]))
    details = [_details(part, room // max(1, len(parts))) for part in parts if part.saved.changes]
    return "\n".join([*head, *details, *tail]).rstrip() + "\n"


def drift_page(environment: str, parts: Sequence[SummaryPart]) -> str:
    """The differences between an environment and its configuration, as the text of an issue."""
    found = [f"## Drift of `{environment}`", ""]
    for part in parts:
        found.append(f"- **{part.saved.stack}**: {part.line()}")
    for part in parts:
        if part.drift:
            found += ["", f"Changed in **{part.saved.stack}** by others than Terraform:", "", *_list(part.drift)]
    room = MOST - sum(map(len, found))
    found += [_details(part, room // max(1, len(parts))) for part in parts if part.saved.changes]
    if any(part.saved.changes for part in parts):
        found += [
            "",
            "These are the changes that an apply of the main branch would make now. Apply it, or change the "
            "configuration to match the cloud.",
        ]
    return "\n".join(found).rstrip() + "\n"


def _list(changes: Sequence[Change]) -> list[str]:
    lines = [
        f"- {change.action} `{change.address}`"
        + (f" ({', '.join(f'`{name}`' for name in change.attributes)})" if change.attributes else "")
        for change in changes[:_LISTED]
    ]
    more = len(changes) - _LISTED
    return [*lines, f"- and {more} more"] if more > 0 else lines


def _details(part: SummaryPart, room: int) -> str:
    listed = "\n".join(_list(part.changes))
    words = part.words.strip()
    # The fence is longer than any in the text, because the text can contain anything.
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", words)), default=0))
    room = max(0, room - len(listed) - 200)
    if len(words) > room:
        words = f"{words[:room]}\n… and {len(words) - room:,} more characters, in the job's log"
    return (
        f"\n<details><summary>{part.saved.stack}: {part.line()}</summary>\n\n{listed}\n\n{fence}\n{words}\n{fence}\n\n"
        "</details>"
    )
