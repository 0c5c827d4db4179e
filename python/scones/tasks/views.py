"""Formats the results of ``invoke execute``, ``invoke evaluate`` and ``invoke capture``.

Example::

    >>> combined_exit_code([0, 3, 0])
    3
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scones.drawing import FittedTable, narrower, without
from scones.s3 import is_uri

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

    from scones.model.evaluation import Evaluation
    from scones.service.capture.analysis import ModelTraffic
    from scones.service.workflow import ExecutionOutcome, ImageRun, StateRun
    from scones.tasks.results.batches import BatchResult


def combined_exit_code(codes: Iterable[int]) -> int:
    """The exit code of many executions: 0 if all passed, 3 if the only failures are refused answers, 1 otherwise."""
    from scones.service.workflow import FAILED, PASSED, REFUSED

    found = set(codes) - {PASSED}
    if not found:
        return PASSED
    return REFUSED if found == {REFUSED} else FAILED


def state_line(state: StateRun) -> RenderableType:
    """A line for an ended state: its result, name, time, attempts and error."""
    from rich.text import Text

    good = state.status == "succeeded"
    text = Text.assemble(
        ("✔ ", "green") if good else ("✘ ", "red"), f"{state.name:<28}", (f" {state.seconds:7.2f} s", "cyan")
    )
    if state.attempts > 1:
        text.append(f"   {state.attempts} attempts", "yellow")
    if not good and state.error:
        text.append(f"   {state.error}", "red")
    return text


def outcome_lines(outcome: ExecutionOutcome, image: str) -> RenderableType:
    """An execution's result, or its Error and Cause. Lines, because a table would break an ARN at its edge.

    Args:
        image: The file or ``s3://`` URL.
    """
    from rich.console import Group
    from rich.text import Text

    from scones.service.workflow import refused

    rows: dict[str, Any] = {"status": outcome.status, "image": called(image)}
    if outcome.output is not None:
        found = outcome.output
        rows["classification"] = found.get("classification")
        rows["confidence"] = f"{found.get('confidence_score'):.4f} (threshold {found.get('threshold'):g})"
        every = found.get("class_probabilities") or {}
        rows["probabilities"] = ", ".join(f"{name} {value:.4f}" for name, value in every.items())
        rows["model"] = ", ".join(f"{key} {value}" for key, value in (found.get("model") or {}).items())
    else:
        if answer := refused(outcome):
            rows["answer"] = str(answer) if answer.threshold is None else f"{answer} (threshold)"
        rows |= {"Error": outcome.error or "-", "Cause": outcome.cause or "-"}
    rows["time"] = f"{outcome.seconds:.2f} s"
    rows["execution"] = outcome.arn
    width = max(map(len, rows))
    lines = []
    for name, value in rows.items():
        style = {"SUCCEEDED": "bold green"}.get(str(value), "bold red") if name == "status" else ""
        lines.append(Text.assemble((f"{name:<{width}}  ", "bold"), (str(value), style)))
    return Group(*lines)


def summary_table(runs: Sequence[ImageRun]) -> RenderableType:
    """A row for each image with its result, and the totals below."""
    from rich.table import Table
    from rich.text import Text

    from scones.service.workflow import RESULTS, result_of

    styles = {"passed": "green", "failed": "bold red"}
    ended = [result_of(run.outcome) for run in runs]
    counts = {word: ended.count(word) for word in RESULTS if word in ended or word != "not one of the classes"}
    table = Table(
        title=f"{len(runs)} images",
        title_justify="left",
        caption=", ".join(f"{count} {word}" for word, count in counts.items()),
        caption_justify="left",
    )
    table.add_column("image", overflow="fold")
    table.add_column("result", no_wrap=True)
    table.add_column("answer, or error", overflow="fold")
    table.add_column("seconds", justify="right", no_wrap=True)
    for run, word in zip(runs, ended, strict=True):
        table.add_row(
            Text(called(run.image)),
            Text(word, styles.get(word, "yellow")),
            Text(_answer(run)),
            f"{run.outcome.seconds:.2f}" if run.outcome else "",
        )
    return narrower(table, "seconds")


def _answer(run: ImageRun) -> str:
    from scones.service.workflow import PASSED, explain

    if run.outcome is None:
        return run.problem or ""
    if run.exit_code == PASSED:
        output = run.outcome.output or {}
        return f"{output.get('classification')} {output.get('confidence_score'):.4f}"
    return explain(run.outcome)


def called(image: str) -> str:
    """An image's name for people: a file's name, or an ``s3://`` URL."""
    return image if is_uri(image) else Path(image).name


def evaluation_tables(found: Evaluation, *, threshold: float | None = None) -> RenderableType:
    """A model's accuracy, latency, confusion matrix, and the effect of thresholds.

    Args:
        threshold: The environment's threshold, which is marked and added to those of :mod:`scones.model.measures`.
    """
    import numpy as np
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    from scones.model.measures import THRESHOLDS

    low, high = found.interval
    head = Text.assemble(
        ("accuracy ", "bold"),
        (f"{found.accuracy:.1%}", "bold green"),
        f"  ({int(found.correct.sum())} of {len(found.labels)} images; 95% interval {low:.1%} to {high:.1%})\n",
        f"of the wanted classes {found.wanted[0] / found.wanted[1]:.1%} ({found.wanted[0]} of {found.wanted[1]})\n"
        if found.wanted
        else "",
        f"latency: median {_milliseconds(np.median(found.seconds))}, "
        f"95th percentile {_milliseconds(np.percentile(found.seconds, 95))}",
    )
    matrix, numbered = _confusion(found, numbered=False), _confusion(found, numbered=True)
    fitted = FittedTable(matrix, without(matrix, "images"), without(numbered, "images"), without(numbered, *SCORES))
    table = Table(title="What a confidence threshold does", title_justify="left")
    foreign = () if found.other is None else ("of anything else",)
    for column in ("threshold", "answered", "share answered", *foreign, "accuracy of what is answered"):
        table.add_column(column, justify="right", overflow="fold")
    for one in found.coverage(sorted({*THRESHOLDS, *([threshold] if threshold is not None else [])})):
        own = one.threshold == threshold
        table.add_row(
            f"{'▸ ' if own else ''}{one.threshold:.2f}",
            str(one.answered),
            f"{one.share:.1%}",
            *([] if one.foreign is None else [f"{one.foreign:.1%}"]),
            _share(one.accuracy),
            style="bold" if own else "",
        )
    return Group(head, "", fitted, "", table)


SCORES = ("images", "precision", "recall")


def _confusion(found: Evaluation, *, numbered: bool) -> Table:
    """The confusion matrix with each class's scores.

    Args:
        numbered: Columns have the classes' numbers instead of their names.
    """
    from rich.table import Table
    from rich.text import Text

    matrix = Table(title="Confusion: rows are the true classes", title_justify="left")
    matrix.add_column("", no_wrap=True)
    for label, name in enumerate(found.classes):
        matrix.add_column(Text(str(label) if numbered else name), justify="right", no_wrap=True)
    for column in SCORES:
        matrix.add_column(column, justify="right", no_wrap=True, style="dim" if column == "images" else "")
    for label, (row, score) in enumerate(zip(found.confusion.tolist(), found.scores, strict=True)):
        cells = [Text(f"{count}", "bold" if column == label else "") for column, count in enumerate(row)]
        title = Text(f"{label} {score.name}" if numbered else score.name)
        matrix.add_row(title, *cells, str(score.images), _share(score.precision), _share(score.recall))
    return matrix


def _share(found: float | None) -> str:
    return "-" if found is None else f"{found:.1%}"


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.{1 if seconds < 0.01 else 0}f} ms"


def captured_table(traffic: Sequence[ModelTraffic]) -> RenderableType:
    """Captured traffic by the model that answered and by predicted class, the newest model first.

    Args:
        traffic: At least one with an answer.
    """
    from rich.table import Table
    from rich.text import Text

    from scones.drawing.pages import percent
    from scones.service.capture.period import span

    first = min(event.time for one in traffic for event in one.events)
    last = max(event.time for one in traffic for event in one.events)
    threshold, answers = traffic[0].summary.threshold, sum(one.summary.predictions for one in traffic)
    foreign = sum(one.summary.foreign for one in traffic)
    table = Table(
        title=f"{sum(one.summary.events for one in traffic):,} captured events, {span(first, last)}",
        title_justify="left",
        caption=f"{sum(one.summary.passed for one in traffic):,} of {answers:,} answers at or above {threshold:g}"
        + (f"; {foreign:,} were none of the classes" if foreign else ""),
        caption_justify="left",
    )
    table.add_column("model, class", overflow="fold")
    for column in ("answers", "passed", "lowest", "median", "highest"):
        table.add_column(column, justify="right", no_wrap=True)
    for one in reversed(traffic):
        found = one.summary
        table.add_row(
            Text(one.answerer.name),
            f"{found.predictions:,}",
            f"{found.passed:,}",
            "",
            "-" if found.median is None else percent(found.median),
            "",
            style="bold",
        )
        for row in found.classes:
            numbers = (percent(value) for value in (row.minimum, row.median, row.maximum))
            table.add_row(Text(f"  {row.name}"), f"{row.count:,}", f"{row.passed:,}", *numbers)
        table.add_section()
    return narrower(table, "highest", "lowest")


def shown(path: Path) -> str:
    """A path for people: relative if it is below the working directory."""
    path = path.resolve()
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def duration(seconds: float) -> str:
    """A time for people.

    Example::

        >>> duration(0.4), duration(95), duration(600), duration(36_000)
        ('0.4 s', '95 s', '10 min', '10.0 h')
    """
    if seconds < 120:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def counts_lines(counts: BatchResult) -> str:
    """What became of a batch's images.

    Example::

        >>> from types import SimpleNamespace
        >>> counts = {"images": 1010, "passed": 900, "low_confidence": 60, "not_one_of_the_classes": 40}
        >>> print(counts_lines(SimpleNamespace(**counts, failed={"InvalidImageError": 10}, threshold=0.8)))
        1,010 images: 900 passed, 60 not sure enough (threshold 0.8), 40 not one of the classes, 10 failed
          InvalidImageError: 10
    """
    failed = sum(counts.failed.values())
    head = f"{counts.images:,} images: {counts.passed:,} passed, {counts.low_confidence:,} not sure enough"
    foreign = f", {counts.not_one_of_the_classes:,} not one of the classes" if counts.not_one_of_the_classes else ""
    lines = [f"{head} (threshold {counts.threshold:g}){foreign}, {failed:,} failed"]
    return "\n".join([*lines, *(f"  {error}: {count:,}" for error, count in counts.failed.items())])


def money(dollars: float) -> str:
    """An amount for people.

    Example::

        >>> money(0.0004), money(5.731)
        ('less than $0.01', '$5.73')
    """
    return f"${dollars:,.2f}" if dollars >= 0.005 else "less than $0.01"
