"""A plan in Markdown, for the comment on a pull request: what is lost first, then what changes, then Terraform's words.

Example::

    page = plan_page("dev", [SummaryPart(saved, changes, outputs=("bucket",), words="…")], digest="9f86…")
    files.write(folder / "summary.md", page)
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from scones.delivery.pipeline.changes import ACTIONS, Change
from scones.delivery.pipeline.promotion import Promotion
from scones.delivery.pipeline.saved import Saved

# GitHub's limit of a comment is 65,536 characters; a page of one environment stays well below, so that two fit.
MOST = 30_000
_LISTED = 40  # changes by name, a stack


@dataclass(frozen=True)
class SummaryPart:
    """One stack's share of the page.

    Attributes:
        saved: Its saved plan.
        changes: What the plan does to resources.
        outputs: The names of the outputs that it changes.
        drift: What others have changed since Terraform last looked.
        words: The plan in Terraform's words, secrets left out by Terraform.
    """

    saved: Saved
    changes: tuple[Change, ...] = ()
    outputs: tuple[str, ...] = ()
    drift: tuple[Change, ...] = ()
    words: str = ""

    def line(self) -> str:
        """What it comes to, in a few words."""
        if self.saved.deferred:
            return self.saved.deferred
        counts = Counter(change.action for change in self.changes)
        said = [f"{counts[action]} to {action}" for action in ACTIONS if counts[action]]
        if self.outputs:
            said.append(f"outputs {', '.join(self.outputs)}")
        return ", ".join(said) or "no changes"


def plan_page(
    environment: str, parts: Sequence[SummaryPart], *, digest: str, promotion: Promotion | None = None
) -> str:
    """The summary of an environment's plans.

    Args:
        digest: What stands for all the saved plans (:mod:`scones.delivery.pipeline.saved`).
        promotion: The model that takes another's place, if one does.
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
    details = [_details(part, room // max(1, len(parts))) for part in parts if part.changes or part.outputs]
    return "\n".join([*head, *details, *tail]).rstrip() + "\n"


def drift_page(environment: str, parts: Sequence[SummaryPart]) -> str:
    """What differs between an environment and its configuration; an issue's text."""
    found = [f"## Drift of `{environment}`", ""]
    for part in parts:
        found.append(f"- **{part.saved.stack}**: {part.line()}")
    for part in parts:
        if part.drift:
            found += ["", f"Changed in **{part.saved.stack}** by others than Terraform:", "", *_list(part.drift)]
    room = MOST - sum(map(len, found))
    found += [_details(part, room // max(1, len(parts))) for part in parts if part.changes or part.outputs]
    if any(part.saved.changes for part in parts):
        found += [
            "",
            "What is to be created, updated or destroyed is what applying the main branch would do now. Either "
            "apply it, or bring the configuration to what is there.",
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
    # A fence longer than any in the text, which holds what others wrote.
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", words)), default=0))
    room = max(0, room - len(listed) - 200)
    if len(words) > room:
        words = f"{words[:room]}\n… and {len(words) - room:,} characters more, in the job's log"
    return (
        f"\n<details><summary>{part.saved.stack}: {part.line()}</summary>\n\n{listed}\n\n{fence}\n{words}\n{fence}\n\n"
        "</details>"
    )
