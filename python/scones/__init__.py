"""Scones Unlimited's image classification workflow, from images to a monitored endpoint.

Example (not run: it needs an AWS account)::

    environment = settings.load("dev")
    preparation = Preparation(environment, Order({"epochs": "30"}))     # scones.training.preparing
    preparation.build()
    outputs = Stack(environment, "foundation").outputs()                # scones.terraform
    name = job.start(environment, preparation.place(outputs))           # scones.training.job
    job.follow(environment, name)
    registering.register(environment, name)                             # approves and pins it if it is good enough
    Stack(environment, "service").apply()                               # the endpoint serves it

The folders, from the bottom layer up: :mod:`~scones.dataset` and :mod:`~scones.terraform`; :mod:`~scones.model`;
:mod:`~scones.training` and :mod:`~scones.service`; :mod:`~scones.delivery`, :mod:`~scones.cost`, :mod:`~scones.proof`
and :mod:`~scones.demo`; :mod:`~scones.tasks`.

The same code runs against AWS and against :mod:`localcloud`. They differ only in endpoint and credentials
(:mod:`scones.aws`).
"""
