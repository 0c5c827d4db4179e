"""Prepares, starts and follows SageMaker training and tuning jobs, and registers their models.

Example (not run: it needs an AWS account)::

    preparation = Preparation(environment, Order({"epochs": "30"}))     # checks the hyperparameters
    preparation.build()                                                 # builds the data set
    name = job.start(environment, preparation.place(outputs))           # uploads the data set, and starts the job
    job.follow(environment, name, print)
    registering.register(environment, name)

The modules:

- :mod:`~scones.training.preparing` builds and uploads the data set.
- :mod:`~scones.training.recipe` has the project's hyperparameters.
- :mod:`~scones.training.spec` and :mod:`~scones.training.job` define, start and follow a training job.
- :mod:`~scones.training.tuning` and :mod:`~scones.training.watch` start and follow a tuning job.
- :mod:`~scones.training.registering` registers a job's model.
"""
