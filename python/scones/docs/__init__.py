"""The parts of the documentation that are made from the code, so that they cannot say anything else.

Example::

    for path, text in pages.pages(ROOT, tasks="| task | what it does |…").items():
        files.write(path, text)     # every page as it should be

Each lies between two comments in a Markdown file (:mod:`scones.docs.sections`): the README's table of tasks, every
module's inputs and outputs (:mod:`scones.docs.modules`), and the pictures of what the stacks make and of the state
machine (:mod:`scones.docs.picture`). ``invoke docs`` writes them, and the tests fail where one is stale.
"""
