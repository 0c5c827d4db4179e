"""Scones Unlimited's image classification workflow, from the images to an endpoint that is watched.

Example::

    environment = settings.load("dev")
    preparation = Preparation(environment, Order({"epochs": "30"}))     # scones.training.preparing
    preparation.build()
    name = job.start(environment, preparation.place(outputs))           # outputs of the foundation stack
    registering.register(environment, name)                             # approved and pinned where it is good enough
    Stack(environment, "service").apply()                               # the endpoint serves it

The folders, from the ground up: :mod:`~scones.dataset` and :mod:`~scones.terraform`; :mod:`~scones.model`;
:mod:`~scones.training` and :mod:`~scones.service`; :mod:`~scones.delivery`, :mod:`~scones.cost`, :mod:`~scones.proof`
and :mod:`~scones.demo`; :mod:`~scones.tasks`. The same code runs against AWS and against :mod:`localcloud`. Which one
is a matter of endpoint and credentials (:mod:`scones.aws`), never of a branch.
"""
