"""Runs checkov, check-jsonschema and zizmor on the project's files, each in its own pinned Python environment.

These tools need other versions of libraries than the project, so they are not among its dependencies.

Example (not run: it installs checkov)::

    report = checkov.scan(Path("terraform"), build=Path("build"))
    report.findings     # () if the files follow all policies
"""
