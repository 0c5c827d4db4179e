"""Shows a data set on a terminal.

Example::

    >>> from pathlib import Path
    >>> from scones.dataset import Sample, build
    >>> dataset = build(Sample(train=4, test=1), ("bicycle", "motorcycle"), Path("build/dataset"))
    >>> [column.header for column in summary(dataset).tables[0].columns]
    ['label', 'class', 'train', 'validation', 'test', 'mean RGB']
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scones.dataset.contents import Problem
from scones.dataset.labels import FEW, OTHER
from scones.dataset.pictures import FITS, listing
from scones.dataset.stored import SPLITS
from scones.drawing import FittedTable, narrower

if TYPE_CHECKING:
    from rich.panel import Panel

    from scones.dataset.choice import Ensured
    from scones.dataset.stored import Dataset


def announcement(ensured: Ensured) -> Panel:
    """A panel with the source of the images. The drawn sample gets a heavy yellow border."""
    from rich import box
    from rich.markup import escape
    from rich.panel import Panel

    title, reason = escape(ensured.title), escape(ensured.reason)
    if not ensured.drawn:
        return Panel(
            f"{title}\n[dim]{reason}[/dim]", title="Data", title_align="left", border_style="green", expand=False
        )
    text = (
        f"[bold]These are not photographs: they are {title}.[/bold]\n{reason}\n\n"
        "The whole workflow runs on them, but the model does not recognize real bicycles and motorcycles.\n"
        "For real images: invoke etl --archive cifar-100-python.tar.gz, or invoke etl --download"
    )
    return Panel(text, title="SAMPLE DATA", border_style="bold yellow", box=box.HEAVY, padding=(1, 2), expand=False)


def summary(dataset: Dataset) -> FittedTable:
    """A table of the data set's classes and splits, with its fingerprint and folder."""
    from rich.table import Table
    from rich.text import Text

    skipped = [Problem(**one) for one in dataset.description["skipped"]]
    caption = f"{dataset.root}\nfingerprint {dataset.fingerprint[:16]}…\n{dataset.side} x {dataset.side} pixels"
    if dataset.fit:
        caption += f", {FITS[dataset.fit]} (--fit {dataset.fit})"
    if skipped:
        caption += f"\n{len(skipped)} files were left out; dataset.json lists them under 'skipped':\n{listing(skipped)}"
    if dataset.other:
        caption += f"\n{of_other(dataset)}"
    if dataset.recordio:
        size = sum(dataset.records(split).stat().st_size for split in SPLITS)
        caption += f"\nalso as RecordIO: {', '.join(dataset.records(split).name for split in SPLITS)} ({size:,} bytes)"
    table = Table(caption=Text(caption), caption_justify="left")
    table.add_column("label", justify="right", no_wrap=True)
    table.add_column("class", overflow="fold")
    for split in SPLITS:
        table.add_column(split, justify="right", no_wrap=True)
    table.add_column("mean RGB", no_wrap=True)
    for label, name in enumerate(dataset.classes):
        counts = [f"{dataset.counts[split][name]:,}" for split in SPLITS]
        table.add_row(str(label), name, *counts, " ".join(f"{value:.0f}" for value in dataset.means[name]))
    return narrower(table, "mean RGB")


def of_other(dataset: Dataset) -> str:
    """What the class ``other`` is made of, and what it may not know, in words."""
    assert dataset.other is not None, "the data set has that class"
    kinds = dataset.other["kinds"]
    images = sum(kinds.values())
    text = (
        f"'{OTHER}': {images:,} images of {len(kinds)} other kinds, drawn with seed {dataset.seed}, and "
        f"{dataset.other['nothing']:,} that show nothing"
    )
    if len(kinds) < FEW:
        text += (
            f"\nthese kinds are few: {', '.join(kinds)}; images of anything else may pass. With the whole of "
            "CIFAR-100, or with pictures of many things (--other-folder DIR), a model refuses more"
        )
    return text
