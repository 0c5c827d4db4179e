"""The results of the tasks that ask a model: execute, evaluate, threshold, capture and ab.status.

Example::

    >>> from scones.service.workflow import ImageRun
    >>> result = ExecuteResult("local", 0, 0, 0, 1, (ExecutedImage.of(ImageRun("a.txt", problem="it is no picture")),))
    >>> result.images[0].error
    'it is no picture'
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from scones.model.confidence import Proposal
    from scones.model.evaluation import Evaluation
    from scones.model.measures import Coverage
    from scones.service.ab import Traffic
    from scones.service.ab.comparison import Agreement
    from scones.service.capture import Capture
    from scones.service.capture.analysis import ModelTraffic
    from scones.service.capture.sent import ToCome
    from scones.service.workflow import ImageRun


@dataclass(frozen=True)
class ExecutedImage:
    """What became of one image.

    Attributes:
        image: The file or s3:// URL, as it was found.
        result: The answer passed, its confidence was too low, it was the class other, or the execution failed.
        classification: The most probable class.
        confidence: Its probability, 0 to 1. Of a low one, the digits that tell it from the threshold.
        threshold: The least confidence that passes. Null if none does, because the image is not one of the classes.
        probabilities: The probability of every class by name. Null unless the answer passed.
        model_version: The version of the model that answered. Null unless the answer passed.
        error: The execution's Error, or why there was no execution.
        cause: The execution's Cause.
        seconds: How long the execution took.
        execution: The execution's ARN.
    """

    image: str
    result: Literal["passed", "low confidence", "not one of the classes", "failed"]
    classification: str | None
    confidence: float | None
    threshold: float | None
    probabilities: dict[str, float] | None
    model_version: int | None
    error: str | None
    cause: str | None
    seconds: float | None
    execution: str | None

    @classmethod
    def of(cls, run: ImageRun) -> ExecutedImage:
        """The result of a run."""
        from scones.service.workflow import refused, result_of

        outcome = run.outcome
        output = (outcome.output if outcome else None) or {}
        answer = refused(outcome) if outcome else None
        return cls(
            image=run.image,
            result=result_of(outcome),
            classification=answer.label if answer else output.get("classification"),
            confidence=answer.confidence if answer else output.get("confidence_score"),
            threshold=answer.threshold if answer else output.get("threshold"),
            probabilities=output.get("class_probabilities"),
            model_version=(output.get("model") or {}).get("package_version"),
            error=outcome.error if outcome else run.problem,
            cause=outcome.cause if outcome else None,
            seconds=outcome.seconds if outcome else None,
            execution=outcome.arn if outcome else None,
        )


@dataclass(frozen=True)
class ExecuteResult:
    """What became of each image. The exit code is 0, 3 or 1, as without --json.

    Attributes:
        environment: The environment.
        passed: How many answers passed.
        low_confidence: How many answers were not sure enough.
        not_one_of_the_classes: How many answers were the class other.
        failed: How many executions failed, or could not be started.
        images: Each image, in the order in which they were given.
    """

    environment: str
    passed: int
    low_confidence: int
    not_one_of_the_classes: int
    failed: int
    images: tuple[ExecutedImage, ...]

    @classmethod
    def of(cls, environment: str, runs: Sequence[ImageRun]) -> ExecuteResult:
        """The result of several runs."""
        images = tuple(map(ExecutedImage.of, runs))
        from scones.service.workflow import RESULTS

        counts = {kind.replace(" ", "_"): sum(one.result == kind for one in images) for kind in RESULTS}
        return cls(environment=environment, images=images, **counts)


@dataclass(frozen=True)
class ThresholdEffect:
    """What a confidence threshold does to images with known labels.

    Attributes:
        threshold: The threshold. An image is answered if its confidence is at least this.
        answered: How many images are answered.
        share: Their share, 0 to 1. Of a model with the class other, of the images of the wanted classes.
        accuracy: The share of right answers among them. Null if there are none.
        accuracy_interval_95: The lower and upper end of its 95% interval (Wilson's).
        foreign: The share of the images of none of the wanted classes that are answered, 0 to 1. Null without the class
            other.
    """

    threshold: float
    answered: int
    share: float
    accuracy: float | None
    accuracy_interval_95: tuple[float, float] | None
    foreign: float | None

    @classmethod
    def of(cls, found: Coverage) -> ThresholdEffect:
        """The effect as it was measured."""
        return cls(
            float(found.threshold),
            int(found.answered),
            float(found.share),
            found.accuracy,
            found.interval,
            found.foreign,
        )


@dataclass(frozen=True)
class EvaluatedClass:
    """How well a class was recognized.

    Attributes:
        name: The class.
        images: How many images are of it.
        predicted: How many images were taken for it.
        precision: The share of them that are of it. Null if there are none.
        recall: The share of its images that were taken for it. Null if there are none.
    """

    name: str
    images: int
    predicted: int
    precision: float | None
    recall: float | None


@dataclass(frozen=True)
class EvaluateResult:
    """How well a model answers the test images.

    Attributes:
        model: The endpoint's name, or the artifact.
        images: How many images were sent.
        correct: How many answers were right.
        accuracy: The share of right answers, 0 to 1.
        accuracy_interval_95: The lower and upper end of its 95% interval (Wilson's).
        wanted_accuracy: The share of right answers to images of the wanted classes. Null without the class other.
        classes: Each class, in label order.
        confusion: The number of images by class and answer, both in label order.
        thresholds: What some thresholds do, the environment's among them.
        median_ms, p95_ms: The median and the 95th percentile of the time for an answer, in milliseconds.
        file: The file with each image's answer.
        page: The page with the wrong images.
    """

    model: str
    images: int
    correct: int
    accuracy: float
    accuracy_interval_95: tuple[float, float]
    wanted_accuracy: float | None
    classes: tuple[EvaluatedClass, ...]
    confusion: tuple[tuple[int, ...], ...]
    thresholds: tuple[ThresholdEffect, ...]
    median_ms: float
    p95_ms: float
    file: str
    page: str

    @classmethod
    def of(cls, found: Evaluation, threshold: float, file: str, page: str) -> EvaluateResult:
        """The result of an evaluation.

        Args:
            threshold: The environment's.
            file: The file that it was written to.
            page: Its page.
        """
        from scones.model.measures import THRESHOLDS

        written = found.to_json()
        return cls(
            model=str(found.endpoint or found.about.get("artifact", "")),
            images=len(found.labels),
            correct=int(found.correct.sum()),
            accuracy=found.accuracy,
            accuracy_interval_95=found.interval,
            wanted_accuracy=found.wanted[0] / found.wanted[1] if found.wanted else None,
            classes=tuple(EvaluatedClass(**vars(score)) for score in found.scores),
            confusion=tuple(map(tuple, found.confusion.tolist())),
            thresholds=tuple(map(ThresholdEffect.of, found.coverage(sorted({*THRESHOLDS, threshold})))),
            median_ms=written["latency_ms"]["median"],
            p95_ms=written["latency_ms"]["p95"],
            file=file,
            page=page,
        )


@dataclass(frozen=True)
class ThresholdResult:
    """The threshold for a target accuracy. The exit code is 1 if no threshold reaches it.

    Attributes:
        target_accuracy: The accuracy that was asked for.
        images: The number of validation images.
        accuracy: The accuracy when every image is answered.
        wanted_accuracy: That on the images of the wanted classes. Null without the class other.
        proposed: The smallest threshold that reaches the target. Null if none does.
        best: The threshold with the highest accuracy.
        in_use: The environment's threshold before.
        alternatives: What other thresholds do.
        written: The file that the proposed threshold was written to. Null without --write.
        picture: The file of the risk-coverage chart.
    """

    target_accuracy: float
    images: int
    accuracy: float
    wanted_accuracy: float | None
    proposed: ThresholdEffect | None
    best: ThresholdEffect
    in_use: float
    alternatives: tuple[ThresholdEffect, ...]
    written: str | None
    picture: str

    @classmethod
    def of(cls, found: Proposal, in_use: float, written: str | None, picture: str) -> ThresholdResult:
        """The result of a proposal.

        Args:
            in_use: The environment's threshold.
            written: The file that the proposed one was written to.
            picture: The chart's file.
        """
        from scones.model.measures import THRESHOLDS

        return cls(
            target_accuracy=found.target,
            images=len(found.answers.labels),
            accuracy=found.answers.accuracy,
            wanted_accuracy=found.answers.wanted_accuracy,
            proposed=ThresholdEffect.of(found.found) if found.found else None,
            best=ThresholdEffect.of(found.best),
            in_use=in_use,
            alternatives=tuple(map(ThresholdEffect.of, found.at(*THRESHOLDS))),
            written=written,
            picture=picture,
        )


@dataclass(frozen=True)
class CapturedClass:
    """The captured answers with one class.

    Attributes:
        name: The class.
        answers: How many requests were answered with it.
        passed: How many of them pass.
        lowest, median, highest: Their confidence, 0 to 1.
    """

    name: str
    answers: int
    passed: int
    lowest: float
    median: float
    highest: float


@dataclass(frozen=True)
class CapturedModel:
    """What one model answered, at one variant of the endpoint.

    Attributes:
        version: The version of its model package. Null if it is not known which model answered.
        model_package: Its model package, GROUP/VERSION. Null if it is not known.
        variant: The variant that it served. Null if it is not known.
        events: How many requests were captured.
        answers: How many of them with their answer.
        passed: How many answers pass: one of the wanted classes, with a confidence of the threshold or more.
        foreign: How many answers are the class other.
        median: The median confidence. Null without an answer.
        first, last: The time of the first and the last request, UTC, ISO 8601.
        classes: Each class that was answered, in label order, as this model calls it.
        labelled: How many different images have a known label.
        correct: How many of them were answered right, last.
        accuracy: Their share, 0 to 1. Null if there are none.
        accuracy_interval_95: The lower and upper end of its 95% interval (Wilson's).
        passed_wrong: How many wrong answers to labelled images pass.
    """

    version: int | None
    model_package: str | None
    variant: str | None
    events: int
    answers: int
    passed: int
    foreign: int
    median: float | None
    first: str
    last: str
    classes: tuple[CapturedClass, ...]
    labelled: int
    correct: int
    accuracy: float | None
    accuracy_interval_95: tuple[float, float] | None
    passed_wrong: int

    @classmethod
    def of(cls, found: ModelTraffic) -> CapturedModel:
        """The traffic as it was counted."""
        summary, measured, package = found.summary, found.measured, found.answerer.model.package
        return cls(
            version=int(package.rpartition("/")[2]) if package else None,
            model_package=package or None,
            variant=found.answerer.variant or None,
            events=summary.events,
            answers=summary.predictions,
            passed=summary.passed,
            foreign=summary.foreign,
            median=summary.median,
            first=found.events[0].time.isoformat(),
            last=found.events[-1].time.isoformat(),
            classes=tuple(
                CapturedClass(one.name, one.count, one.passed, one.minimum, one.median, one.maximum)
                for one in summary.classes
            ),
            labelled=measured.images,
            correct=measured.right,
            accuracy=measured.accuracy,
            accuracy_interval_95=measured.interval,
            passed_wrong=measured.passed_wrong,
        )


@dataclass(frozen=True)
class CaptureResult:
    """An endpoint's captured traffic in numbers. The exit code is 1 if --wait waited in vain.

    Attributes:
        subject: The endpoint's name, or the folder that was read.
        events: How many requests were captured, a shadow's copies among them.
        answers: How many answers callers got.
        passed: How many of these pass.
        threshold: The threshold.
        models: Each model that answered, in the order of their first answers.
        still_to_come: How many requests that this checkout has sent are not captured yet.
        broken: The lines that cannot be read, each with its file, its number and the reason.
        report: The report's page. report.json beside it has all that the page shows.
    """

    subject: str
    events: int
    answers: int
    passed: int
    threshold: float
    models: tuple[CapturedModel, ...]
    still_to_come: int
    broken: tuple[str, ...]
    report: str

    @classmethod
    def of(
        cls, subject: str, found: Capture, traffic: Sequence[ModelTraffic], coming: Sequence[ToCome], report: str
    ) -> CaptureResult:
        """The result of reading captures, at least one.

        Args:
            report: The report's page.
        """
        returned = [one.summary for one in traffic if one.answerer.returned]
        return cls(
            subject=subject,
            events=len(found.events),
            answers=sum(one.predictions for one in returned),
            passed=sum(one.passed for one in returned),
            threshold=traffic[0].summary.threshold,
            models=tuple(map(CapturedModel.of, traffic)),
            still_to_come=sum(one.missing for one in coming if not one.late),
            broken=tuple(map(str, found.broken)),
            report=report,
        )


@dataclass(frozen=True)
class VariantTraffic:
    """The captured traffic of one model at one of the endpoint's variants.

    Attributes:
        variant: Its name.
        version: The version of its model. Null if it is not known.
        requests: How many requests were captured.
        answered: How many of them with their answer.
        confidence: The mean confidence. Null without an answer.
        low: How many answers are below the threshold.
        low_share: Their share, 0 to 1. Null without an answer.
        low_interval_95: The lower and upper end of its 95% interval (Wilson's).
        foreign: How many answers are the class other, with any confidence.
        labelled: How many answers are to images of the test split, whose labels are known.
        correct: How many of these are right.
        accuracy: Their share, 0 to 1. Null if there are none.
        accuracy_interval_95: The lower and upper end of its 95% interval (Wilson's).
    """

    variant: str
    version: int | None
    requests: int
    answered: int
    confidence: float | None
    low: int
    low_share: float | None
    low_interval_95: tuple[float, float] | None
    foreign: int
    labelled: int
    correct: int
    accuracy: float | None
    accuracy_interval_95: tuple[float, float] | None

    @classmethod
    def of(cls, found: Traffic) -> VariantTraffic:
        """The traffic as it was counted."""
        return cls(
            variant=found.variant,
            version=int(found.version) if found.version else None,
            requests=found.requests,
            answered=found.answered,
            confidence=found.confidence,
            low=found.low,
            low_share=found.low_share,
            low_interval_95=found.low_interval,
            foreign=found.foreign,
            labelled=found.measured.images,
            correct=found.measured.right,
            accuracy=found.measured.accuracy,
            accuracy_interval_95=found.measured.interval,
        )


@dataclass(frozen=True)
class ShadowAgreement:
    """How often a shadow answers as the pinned model does.

    Attributes:
        model: The shadow's model, as ``version 7``.
        both: How many requests both answered.
        alike: How many of them with the same class.
        surer: The shadow's mean confidence minus the pinned model's.
    """

    model: str
    both: int
    alike: int
    surer: float


@dataclass(frozen=True)
class AbStatusResult:
    """The endpoint's models, compared by their captured traffic.

    Attributes:
        endpoint: The endpoint's name.
        threshold: Answers below it are low.
        variants: Each model at each variant.
        shadows: How each shadow agrees with the pinned model.
        broken: How many captured lines could not be read.
    """

    endpoint: str
    threshold: float
    variants: tuple[VariantTraffic, ...]
    shadows: tuple[ShadowAgreement, ...]
    broken: int

    @classmethod
    def of(
        cls,
        endpoint: str,
        threshold: float,
        traffic: Sequence[Traffic],
        agreed: Sequence[tuple[str, Agreement]],
        found: Any,
    ) -> AbStatusResult:
        """The result of a comparison.

        Args:
            agreed: Each shadow's model, and its agreement.
            found: The capture that it was made from.
        """
        return cls(
            endpoint=endpoint,
            threshold=threshold,
            variants=tuple(map(VariantTraffic.of, traffic)),
            shadows=tuple(ShadowAgreement(name, one.both, one.alike, float(one.surer)) for name, one in agreed),
            broken=len(found.broken),
        )
