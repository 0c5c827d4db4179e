"""The process that runs a notebook's cells. It runs in the kernel's environment, and imports nothing of this project.

    python runner.py NOTEBOOK EXECUTED HTML REPORTS

Each line that it writes to the file descriptor REPORTS is a JSON object::

    {"cells": 12}                                           the number of cells that are run
    {"cell": 3, "title": "estimator.fit(data)"}             a cell begins
    {"said": "Epoch[0] Train-accuracy=0.5"}                 a line of its output
    {"cell": 3, "seconds": 12.1}                            it is done
    {"cell": 3, "seconds": 0.2, "error": "NameError: …", "source": "print(x)", "line": 2}        it has failed
    {"problem": "…"}                                        the notebook cannot be run, or its kernel has ended

EXECUTED is written after every cell, and HTML at the end. So at SIGINT, and when its standard input ends because its
parent has ended, what was executed is there. Exit codes: 0, 1 if a cell failed, 2 after a problem, 130 if interrupted.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any, TextIO

import nbformat
from jupyter_client.kernelspec import NoSuchKernel
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError
from nbclient.output_widget import OutputWidget
from nbconvert import HTMLExporter

FAILED, UNUSABLE, INTERRUPTED = 1, 2, 130
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
#: Where a traceback names a line of the cell: IPython's, and that of rich, which SageMaker's SDK installs.
PLACES = (r"Cell In ?\[{0}\], line (\d+)", r"in <module>:(\d+)")
LONGEST = 80  # characters of a title
TEXTS = ("stream", "display_data", "update_display_data")
FRAMES = " \t│╭╮╰╯─"  # around rich's texts
VIEW = "application/vnd.jupyter.widget-view+json"
KERNEL = "python3"


class Quiet(OutputWidget):
    """An output widget that tells the kernel once a cell what it shows.

    nbclient's tells it at every line, on the socket whose next message is the cell's end. A message that arrives while
    another is sent wakes nobody up (the descriptor of a ZeroMQ socket is edge-triggered), and the run would wait for
    ever. The kernel misses nothing: it reads what a widget shows when no cell runs.
    """

    changed = False

    def sync_state(self) -> None:
        """Keep in mind that there is something to tell."""
        self.changed = True

    def tell(self) -> None:
        """Tell the kernel, if there is something."""
        if self.changed:
            super().sync_state()
            self.changed = False


class Reporting(NotebookClient):
    """Runs cells, and reports the lines of their output."""

    def __init__(self, notebook: Any, reports: TextIO, **options: Any) -> None:
        super().__init__(notebook, **options)
        self.widget_registry["@jupyter-widgets/output"]["OutputModel"] = Quiet
        self._reports = reports

    def tell(self, **report: Any) -> None:
        """Write a report."""
        self._reports.write(json.dumps(report) + "\n")
        self._reports.flush()

    def process_message(self, msg: Any, cell: Any, cell_index: int) -> Any:
        """Keep a message of the kernel. A text's last line is reported."""
        kept = super().process_message(msg, cell, cell_index)
        if msg["msg_type"] in TEXTS:
            content = msg["content"]
            text = content.get("text") or content.get("data", {}).get("text/plain", "")
            lines = COLOURS.sub("", text).replace("\r", "\n").split("\n")
            said = [line.strip(FRAMES) for line in lines if any(map(str.isalnum, line))]
            if said:
                self.tell(said=said[-1])
        return kept


def run(notebook: Any, client: Reporting, executed: Path) -> int:
    """Run all cells until one fails. The executed notebook is written after each."""
    cells = [(index, cell) for index, cell in enumerate(notebook.cells) if runs(cell)]
    client.tell(cells=len(cells))
    for _, cell in cells:
        cell.outputs, cell.execution_count = [], None
    write(executed, nbformat.writes(notebook))
    with client.setup_kernel(cwd=client.resources["metadata"]["path"]):
        for number, (index, cell) in enumerate(cells, start=1):
            client.tell(cell=number, title=title(cell.source))
            began = time.monotonic()
            try:
                client.execute_cell(cell, index, execution_count=number)
            except CellExecutionError as error:
                line = line_of(cell, number)
                client.tell(
                    cell=number,
                    seconds=time.monotonic() - began,
                    error=f"{error.ename}: {error.evalue}".strip().removesuffix(":"),
                    source=cell.source.splitlines()[line - 1].strip() if line else title(cell.source),
                    line=line,
                )
                return FAILED
            finally:
                cell.outputs = seen(cell.outputs, client.widget_state)
                write(executed, nbformat.writes(notebook))
            for widget in client.comm_objects.values():
                widget.tell()
            client.tell(cell=number, seconds=time.monotonic() - began)
    return 0


def seen(outputs: Any, widgets: Any) -> Any:
    """A cell's outputs: texts that follow each other are one, and what an output widget shows is in its place.

    SageMaker's SDK 3 writes a job's log into one. A page without a kernel would show nothing of it.
    """
    found: list[Any] = []
    for output in outputs:
        widget = widgets.get(output.get("data", {}).get(VIEW, {}).get("model_id"), {})
        for one in widget.get("outputs", [output]):
            if found and one.output_type == "stream" and found[-1].get("name") == one.name:
                found[-1].text += one.text
            else:
                found.append(one)
    return found


def runs(cell: Any) -> bool:
    """Whether a cell is run: it has code, and not Jupyter's tag to skip it."""
    return (
        cell.cell_type == "code" and bool(cell.source.strip()) and "skip-execution" not in cell.metadata.get("tags", [])
    )


def title(source: str) -> str:
    """A cell's first line that says what it does."""
    lines = [line.strip() for line in source.splitlines() if line.strip()]
    said = next((line for line in lines if not line.startswith(("#", "import ", "from ", "%matplotlib"))), lines[0])
    return said if len(said) <= LONGEST else f"{said[: LONGEST - 1]}…"


def line_of(cell: Any, number: int) -> int | None:
    """The line of the cell at which it failed; None if the error does not tell."""
    shown = [output.get("data", {}).get("text/plain", "") for output in cell.outputs]
    shown += [line for output in cell.outputs for line in output.get("traceback", [])]
    for place in PLACES:
        if found := re.search(place.format(number), COLOURS.sub("", "\n".join(shown))):
            return min(int(found[1]), len(cell.source.splitlines()))
    return None


def write(path: Path, text: str) -> None:
    """Write a file that appears whole or not at all."""
    partial = path.with_name(f".{path.name}.part")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


def leave_with_standard_input() -> None:
    """Interrupt this process when its standard input ends."""

    def watch() -> None:
        while os.read(0, 4096):
            pass
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=watch, daemon=True).start()


def main(arguments: list[str]) -> int:
    """Run a notebook."""
    source, executed, html = map(Path, arguments[:3])
    # The children of a shell's background job ignore interrupts, unless they ask for them.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    leave_with_standard_input()
    with os.fdopen(int(arguments[3]), "w", encoding="utf-8") as reports:
        try:
            notebook = nbformat.read(source, as_version=4)
        except Exception as error:  # noqa: BLE001 - nbformat raises whatever its reader meets
            reports.write(json.dumps({"problem": f"{source} is not a notebook: {error}"}) + "\n")
            return UNUSABLE
        folder = str(source.resolve().parent)
        # A notebook names the kernel of its author's machine. Here is one kernel.
        where = {"resources": {"metadata": {"path": folder}}, "kernel_name": KERNEL}
        client = Reporting(notebook, reports, timeout=None, **where)
        try:
            code = run(notebook, client, executed)
        except DeadKernelError:
            client.tell(problem="the kernel ended: a cell killed it, or this machine had no memory left")
            code = UNUSABLE
        except NoSuchKernel as error:
            client.tell(problem=f"the environment has no kernel '{error.name}'")
            return UNUSABLE
        except KeyboardInterrupt:
            code = INTERRUPTED
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the kernel is gone, and what is left takes a moment
        write(executed, nbformat.writes(notebook))
        exporter = HTMLExporter(embed_images=True)
        text, _ = exporter.from_notebook_node(notebook, {"metadata": {"name": source.stem, "path": folder}})
        write(html, text)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
