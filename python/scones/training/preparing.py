"""Getting everything ready for a training job: hyperparameters, data set, and the model to start from.

Example::

    preparation = Preparation(environment, Order(overrides={"epochs": "30"}))   # a mistake is told before all work
    preparation.build()                                 # the data set, on this machine
    spec = preparation.place(stack.outputs())           # and in the foundation's bucket
    job.start(environment, spec)

Nothing here asks, prints or applies a stack. A caller may do so between two steps.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from imageclassification import pretrained
from imageclassification.hyperparameters import check_pretrained
from scones import aws, dataset
from scones.dataset import transfer
from scones.training import request, starting
from scones.training.recipe import BACKBONE, FINE_TUNING, SMALL_IMAGES
from scones.training.spec import JobSpec

if TYPE_CHECKING:
    from rich.progress import Progress

    from imageclassification.hyperparameters import Hyperparameters
    from scones.dataset import Dataset, Ensured
    from scones.settings import Environment

MANY = 1000  # classes, where it is not known yet how many there are


@dataclass(frozen=True)
class Order:
    """What a person asks to have trained.

    Attributes:
        overrides: Hyperparameters by name, as they were typed.
        classes: The classes in label order; None for the environment's.
        recordio: Whether to train on the data set's RecordIO files.
        model: A trained model to start from: a path, ``s3://BUCKET/KEY`` or a version's number.
        backbone: Whether to learn all of the archive's classes but these.
        reuse: Whether a data set of these classes that is there already will do.
    """

    overrides: Mapping[str, str] = field(default_factory=dict)
    classes: tuple[str, ...] | None = None
    recordio: bool = False
    model: str | None = None
    backbone: bool = False
    reuse: bool = True

    @property
    def recipe(self) -> Mapping[str, str]:
        """The hyperparameters, unless environment or person set others."""
        if self.backbone:
            return BACKBONE
        return FINE_TUNING if self.model else SMALL_IMAGES


class Preparation:
    """An order on its way to a job.

    Args:
        environment: Where the job will run.
        order: What is asked for.
        client: Makes the environment's clients.
        progress: Where the download of a model to start from is shown.

    Raises:
        HyperparameterError: one is unknown, not allowed, or does not go with another or with the model.
        SettingsError: the environment's instance type cannot be used.
        RegistryError: there is no such version to start from.
        ArtifactError: there is no model to start from there, or it cannot be read.
    """

    def __init__(
        self,
        environment: Environment,
        order: Order,
        *,
        client: Callable[..., Any] = aws.client,
        progress: Progress | None = None,
    ) -> None:
        self._environment, self._order, self._client = environment, order, client
        self._classes = order.classes or environment.classes
        self._dataset: Dataset | None = None
        request.check_instance_type(environment.training.instance_type)
        self._start = starting.find(environment, order.model, client=client, progress=progress) if order.model else None
        # Nobody waits for a data set to be told of a misspelt hyperparameter: how many images there are is seen later.
        self.hyperparameters = self._chosen(MANY if order.backbone else len(self._classes), sys.maxsize)
        check_pretrained(self.hyperparameters, model_channel=self._start is not None)
        if self._start:
            pretrained.check(self._start.artifact, self.hyperparameters)

    def _chosen(self, classes: int, samples: int) -> Hyperparameters:
        settled = self._start.settings if self._start else {}
        return request.hyperparameters(
            self._environment,
            classes=classes,
            samples=samples,
            overrides={**settled, **self._order.overrides},
            recipe=self._order.recipe,
        )

    def build(self, progress: Progress | None = None) -> Ensured:
        """Have the data set on this machine; from then on the hyperparameters count its classes and images.

        Raises:
            LocalCloudError: the environment's cloud, which the job is for, is not running.
            DatasetError: no such data set can be had.
            HyperparameterError: one does not go with so many images.
        """
        self._environment.endpoint_url()
        build = self._environment.build
        cache, recordio = build / "downloads", self._order.recordio
        if self._order.backbone:
            ensured = dataset.ensure_others(
                self._classes, build / "backbone" / "dataset", cache=cache, recordio=recordio, progress=progress
            )
        else:
            ensured = dataset.ensure(
                self._classes,
                build / "dataset",
                cache=cache,
                reuse=self._order.reuse,
                recordio=recordio,
                progress=progress,
            )
        self._dataset = ensured.dataset
        self.hyperparameters = self._chosen(len(self._dataset.classes), self._dataset.size("train"))
        return ensured

    def place(self, outputs: Mapping[str, Any], progress: Progress | None = None) -> JobSpec:
        """Put data set and model where the job reads them.

        Args:
            outputs: The foundation stack's outputs.
            progress: Where the upload is shown.

        Raises:
            CloudError: S3 refused it.
        """
        assert self._dataset is not None, "there is no data set yet: build() comes first"
        s3 = self._client(self._environment, "s3", max_connections=transfer.THREADS)
        return JobSpec.within(
            outputs,
            dataset_uri=dataset.upload(self._dataset, s3, outputs["bucket"], progress=progress),
            hyperparameters=self.hyperparameters,
            recordio=self._order.recordio,
            model_uri=self._start.put(s3, outputs["bucket"]) if self._start else None,
        )
