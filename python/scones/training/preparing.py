"""Prepares a training job: hyperparameters, data set, and the model to start from.

Example (not run: it needs an AWS account)::

    preparation = Preparation(environment, Order(overrides={"epochs": "30"}))   # checks the hyperparameters
    preparation.build()                                 # builds the data set on this machine
    spec = preparation.place(stack.outputs())           # uploads it to the foundation stack's bucket
    job.start(environment, spec)

This module does not prompt, print or apply a stack. The caller may do so between two steps.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from imageclassification import pretrained
from imageclassification.errors import HyperparameterError
from scones import aws, dataset
from scones.dataset import labels, standing, transfer
from scones.dataset.standing import OtherOption
from scones.training import request, starting, weights
from scones.training.recipe import (
    BACKBONE,
    FINE_TUNING,
    SMALL_IMAGES,
    SMALL_SIDE,
    TRANSFER,
    for_samples,
    for_side,
)
from scones.training.spec import JobSpec

if TYPE_CHECKING:
    from rich.progress import Progress

    from imageclassification.hyperparameters import Hyperparameters
    from scones.dataset import Dataset, Ensured
    from scones.settings import Environment

PRETRAINED = "use_pretrained_model"
MANY = 1000  # the number of classes to assume before the data set is built


@dataclass(frozen=True)
class Order:
    """The user's settings for a training job.

    Attributes:
        overrides: Hyperparameters by name, as text.
        classes: Class names, in label order. None for the environment's. For a backbone, those that it is not to see.
        recordio: Whether to train on RecordIO files. A backbone always does: it has too many images to send one by one.
        model: A model to start from: a path, ``s3://BUCKET/KEY`` or a version's number.
        backbone: Whether to train on the archive's other classes instead of ``classes``.
        seen: Whether to start also from weights that have seen ``classes``.
        reuse: Whether to train on the data set that stands in the build folder. Without it, that one is replaced.
        task: The task that starts the job, for messages.
        other: Whether the data set is to have the class ``other``, and of what pictures. By default the environment
            says it.

    Example::

        >>> Order(backbone=True).recipe(pretrained=False)["epochs"], Order(model="3").recipe(pretrained=True)["epochs"]
        ('24', '28')
    """

    overrides: Mapping[str, str] = field(default_factory=dict)
    classes: tuple[str, ...] | None = None
    recordio: bool = False
    model: str | None = None
    backbone: bool = False
    seen: bool = False
    reuse: bool = True
    task: str = "invoke train"
    other: OtherOption = field(default_factory=OtherOption)

    @property
    def as_records(self) -> bool:
        """Whether the job trains on RecordIO files."""
        return self.recordio or self.backbone

    def recipe(self, *, pretrained: bool) -> Mapping[str, str]:
        """The default hyperparameters, with ``use_pretrained_model`` or without."""
        if self.backbone:
            return BACKBONE
        if pretrained:
            return TRANSFER
        return FINE_TUNING if self.model else SMALL_IMAGES


class Preparation:
    """Prepares one training job.

    Args:
        client: Makes boto3 clients.
        progress: Shows the download of a model to start from.

    Attributes:
        hyperparameters: Those of the job.
        adapted: Hyperparameters of the recipe that were changed for the data set: for its number or size of images.
        beginning: What training starts from, for people. None where the environment and the order leave no choice.

    Raises:
        DatasetError: the data set that stands in the build folder cannot be used, or contradicts the order's or the
            environment's classes.
        HyperparameterError: a hyperparameter is unknown, has a wrong value, or contradicts another one or the model.
        SettingsError: the environment's instance type cannot be used.
        RegistryError: the version to start from does not exist.
        ArtifactError: the model to start from does not exist or cannot be read.
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
        self._other = replace(order.other, own=environment.other)
        self._dataset: Dataset | None = None
        request.check_instance_type(environment.training.instance_type)
        self._standing = self._found() if order.reuse and not order.backbone else None
        self._start = starting.find(environment, order.model, client=client, progress=progress) if order.model else None
        # A data set that stands is counted. For another one, build() checks the hyperparameters again with its number
        # of images.
        if self._standing is not None:
            self.hyperparameters = self._counted(self._standing)
        else:
            self.hyperparameters = self._chosen(self._labels, MANY if order.backbone else None, sys.maxsize)
        if self._start:
            pretrained.check(self._start.artifact, self.hyperparameters)

    @property
    def _labels(self) -> tuple[str, ...]:
        """The labels of a data set that is built."""
        return labels.complete(self._classes, other=self._other.asked)

    def _found(self) -> Dataset | None:
        """The data set in the build folder, if there is one."""
        environment, order = self._environment, self._order
        return standing.agreeing(
            environment.build / standing.FOLDER,
            named=order.classes,
            own=environment.classes,
            task=order.task,
            environment=environment.name,
            other=self._other,
        )

    def _counted(self, found: Dataset) -> Hyperparameters:
        """The hyperparameters for a data set. Refuses those that contradict it, and notes what was adapted to it."""
        samples = found.size("train")
        chosen = self._chosen(found.classes, None, samples, found.side)
        if chosen.num_classes != len(found.classes):
            raise HyperparameterError(
                f"num_classes is {chosen.num_classes}, but the data set has {len(found.classes)} classes: "
                f"{', '.join(found.classes)}",
                hint="leave num_classes out: it follows the data set",
            )
        if chosen.num_training_samples != samples:
            raise HyperparameterError(
                f"num_training_samples is {chosen.num_training_samples}, but the data set has {samples} training "
                "images",
                hint="leave num_training_samples out: it follows the data set",
            )
        _check_side(chosen, found.side)
        return chosen

    def _chosen(
        self, classes: Sequence[str], count: int | None, samples: int, side: int = SMALL_SIDE
    ) -> Hyperparameters:
        """The hyperparameters for these classes, or for a count of others. Settles what training starts from.

        The environment's ``use_pretrained_model`` is a wish: without weights for these classes, training starts from
        scratch. The order's own is a demand.
        """
        order, environment, number = self._order, self._environment, count or len(classes)
        self.beginning: str | None = None
        wish = order.overrides.get(PRETRAINED)
        default = environment.training.hyperparameters.get(PRETRAINED, "0")
        if wish is None:
            wish = "0" if self._start or order.backbone else default
        chosen = self._combined(wish, number, samples, side)
        if not chosen.use_pretrained_model:
            if default == "1" and not (self._start or order.backbone):
                self.beginning = f"training starts from scratch, by {PRETRAINED}=0"
            return chosen
        if self._start:
            known = [name for name in labels.wanted(classes) if name in (self._start.classes or ())]
            if known and not order.seen:
                raise weights.unfit(f"the model {order.model} has", known, classes)
            return chosen
        try:
            weights.check(environment, chosen, classes, seen=order.seen)
        except HyperparameterError as unfit:
            if PRETRAINED in order.overrides:
                raise
            self.beginning = f"training starts from scratch: {unfit.message}"
            return self._combined("0", number, samples, side)
        self.beginning = (
            f"training starts from {weights.described(environment, chosen)}; "
            f"to start from scratch: --set {PRETRAINED}=0"
        )
        return chosen

    def _combined(self, pretrained: str, classes: int, samples: int, side: int) -> Hyperparameters:
        """The environment's and the order's hyperparameters over the recipe, which is changed for the images."""
        overrides = {**(self._start.settings if self._start else {}), **self._order.overrides, PRETRAINED: pretrained}
        given = {**self._environment.training.hyperparameters, **overrides}
        own = self._order.recipe(pretrained=pretrained == "1")
        recipe = own if "image_shape" in given else for_side(own, side)
        recipe = recipe if "mini_batch_size" in given else for_samples(recipe, samples)
        self.adapted = {name: value for name, value in recipe.items() if own[name] != value and name not in given}
        return request.hyperparameters(
            self._environment, classes=classes, samples=samples, overrides=overrides, recipe=recipe
        )

    def build(self, progress: Progress | None = None) -> Ensured:
        """Build the data set, unless it stands, and set the hyperparameters for its number of classes and images.

        Raises:
            LocalCloudError: the environment uses a local cloud, which is not running.
            DatasetError: the data set cannot be built.
            HyperparameterError: a hyperparameter does not fit the data set.
        """
        self._environment.endpoint_url()
        build = self._environment.build
        cache, recordio = self._environment.downloads / "downloads", self._order.recordio
        own = labels.complete(self._environment.classes, other=self._environment.other)
        if self._order.backbone:
            ensured = dataset.ensure_others(
                self._classes, build / "backbone" / "dataset", cache=cache, progress=progress
            )
        elif self._standing is not None:
            ensured = dataset.taken(self._standing, own, recordio=recordio, progress=progress)
        else:
            ensured = dataset.ensure(
                self._classes,
                build / standing.FOLDER,
                cache=cache,
                replace=not self._order.reuse,
                recordio=recordio,
                classes_from="option" if self._order.classes or self._order.other.given is not None else "environment",
                other=self._other,
                progress=progress,
            )
        self._dataset = ensured.dataset
        self.hyperparameters = self._counted(ensured.dataset)
        return ensured

    def place(self, outputs: Mapping[str, Any], progress: Progress | None = None) -> JobSpec:
        """Upload the data set, and the model to start from, to the foundation stack's bucket.

        Args:
            outputs: The foundation stack's outputs.
            progress: Shows the upload.

        Raises:
            CloudError: S3 refused the model.
            CloudError: S3 refused the data set, or cannot be reached.
        """
        assert self._dataset is not None, "call build() before place()"
        s3 = self._client(self._environment, "s3", max_connections=transfer.THREADS)
        return JobSpec.within(
            outputs,
            dataset_uri=dataset.upload(
                self._dataset, s3, outputs["bucket"], images=not self._order.backbone, progress=progress
            ),
            hyperparameters=self.hyperparameters,
            recordio=self._order.as_records,
            model_uri=self._start.put(s3, outputs["bucket"]) if self._start else None,
        )


def _check_side(chosen: Hyperparameters, side: int) -> None:
    """Refuse an image_shape that is larger than the images, unless ``resize`` enlarges them."""
    channels, *sides = chosen.image_shape
    if max(sides) > side and chosen.resize is None:
        raise HyperparameterError(
            f"image_shape is {channels},{sides[0]},{sides[1]}, larger than the data set's images of {side} x {side} "
            "pixels",
            hint=f"set image_shape to {channels},{side},{side} or less, or resize to {max(sides)} to enlarge them,\n"
            "or build larger ones of your own pictures: invoke etl --folder DIR --size N",
        )
