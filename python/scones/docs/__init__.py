"""Generates parts of the documentation from the code and the Terraform files.

Example::

    >>> from scones.docs import pages
    >>> from scones.settings import ROOT
    >>> ROOT / "README.md" in pages.pages(ROOT, tasks="| task | what it does |", results="", schemas="{}")
    True

A generated part stands between two comments of a Markdown file (:mod:`scones.docs.sections`). The parts are README's
table of tasks, the inputs and outputs of each module (:mod:`scones.docs.modules`), diagrams of the stacks and the
state machine (:mod:`scones.docs.picture`), the fields of the Amazon States Language that the local cloud has
(:mod:`scones.docs.language`), and what it really does of each operation (:mod:`scones.docs.fidelity`). One more file is
written whole: ``limits.py``, the endpoint's limit beside the function that checks it first.
``invoke docs`` writes them. A test fails if one is stale.
"""
