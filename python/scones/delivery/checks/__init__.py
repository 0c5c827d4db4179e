"""Tools that judge the project's files, each in an environment of its own, pinned.

They ask for versions of libraries that the project does not run on, so they are not among its dependencies.

Example::

    report = checkov.scan(Path("terraform"), build=Path("build"))
    report.findings     # (), or what checkov has against the Terraform files
"""
