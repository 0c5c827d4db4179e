"""Runs a Jupyter notebook against an environment, as a SageMaker notebook instance would.

Example (not run: it installs SageMaker's SDK and starts a kernel)::

    environment = settings.load("local")
    sdk = kernel.sdk_of(Path("walkthrough.ipynb"))
    python = kernel.ensure(environment.downloads, sdk)
    role = identity.role(environment, None)
    variables = kernel.variables(environment, identity.session(environment, role), python, sdk, os.environ)
    executed = execution.run(Path("walkthrough.ipynb"), environment.build / "notebooks", python, variables, take=print)

===============  ==============================================================================
``kernel``       the Python environments with SageMaker's SDK 2 and 3, and a kernel's variables
``identity``     the execution role, and a session of it
``execution``    runs the cells, and says what runs
``progress``     shows what runs
``runner``       the process that runs the cells, in the kernel's environment
``lab``          starts JupyterLab
===============  ==============================================================================
"""
