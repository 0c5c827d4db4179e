"""Training jobs and tuning jobs of SageMaker: prepared, started, followed, and their model registered.

Example::

    preparation = Preparation(environment, Order({"epochs": "30"}))     # hyperparameters are checked here
    preparation.build()                                                 # the data set
    name = job.start(environment, preparation.place(outputs))           # uploads, and makes a JobSpec
    job.follow(environment, name, print)
    registering.register(environment, name)

Doors: :mod:`~scones.training.preparing`, :mod:`~scones.training.spec` (what a job is asked for),
:mod:`~scones.training.job`, :mod:`~scones.training.tuning` and :mod:`~scones.training.watch` (tuning jobs),
:mod:`~scones.training.registering`, :mod:`~scones.training.recipe` (the project's hyperparameters).
"""
