"""The demo's steps, and the claims that they check."""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Console

from localcloud import control
from scones import aws, dataset
from scones.dataset.view import announcement
from scones.demo import workplace
from scones.demo.leftovers import left_behind
from scones.demo.outcome import DemoClaim, DemoOutcome
from scones.errors import RegistryError, SconesError
from scones.model import evaluation
from scones.model.registry import read_pin
from scones.s3 import split
from scones.service import capture, inbox, packaging, workflow
from scones.service.capture.labels import labels_of
from scones.settings import Environment
from scones.steps import Step, Steps, bars
from scones.terraform import STACKS, Stack, apply_ahead, arrivals_ahead, destroy_all
from scones.training import job
from scones.training.preparing import Order, Preparation

if TYPE_CHECKING:
    from pathlib import Path

    from scones.dataset import Dataset

EXECUTIONS, FOREIGN = 12, 3
CAPTURE_SECONDS = ARRIVAL_SECONDS = 60.0
HOSTILE, UNREADABLE = "hostile.png", "InvalidImageError"


class Demo:
    """The whole workflow on a local cloud of its own, in ``build/demo``.

    Args:
        environment: An environment with a local cloud. Its own cloud, build outputs and pinned model are left alone.
        console: Shows the steps.
        classes: The class names in label order; the environment's by default.
        overrides: Hyperparameters that differ from the recipe.
        keep: Leave the demo's cloud running with all its resources.
        other: Whether the model gets the class ``other``; by default, the environment says it.

    Raises:
        SettingsError: the environment's cloud is AWS.
        HyperparameterError: the algorithm does not accept an override.
    """

    def __init__(
        self,
        environment: Environment,
        console: Console,
        *,
        classes: tuple[str, ...] | None = None,
        overrides: dict[str, str] | None = None,
        keep: bool = False,
        other: bool | None = None,
    ) -> None:
        environment = workplace.of(environment)
        environment = replace(environment, classes=classes) if classes else environment
        self.environment = environment if other is None else replace(environment, other=other)
        self._preparation = Preparation(self.environment, Order(overrides or {}, reuse=False))
        self.console = console
        self.keep = keep
        todo: list[tuple[str, Callable[[Step], None]]] = [
            ("Start the local cloud", self._start_cloud),
            ("Build the data set", self._build_dataset),
            ("Package the functions", self._package),
            ("Apply the foundation: bucket, roles, model group", self._apply_foundation),
            ("Upload the data set", self._upload),
            ("Train, as a SageMaker training job", self._train),
            ("Register the model", self._register),
            ("Apply the service: endpoint, functions, state machine", self._apply_service),
            ("Apply the rest of the foundation: rules for old objects", self._apply_rest),
            ("Plan again: nothing to change", self._plan_again),
            ("Evaluate the endpoint on the test images", self._evaluate),
            ("Execute the state machine", self._execute),
            ("Let pictures arrive, which start it by themselves", self._arrive),
            ("Read what was captured, and report", self._report),
        ]
        if not keep:
            todo.append(("Take everything down", self._tear_down))
        self._todo = todo
        self._stacks = {
            name: Stack(self.environment, name, log=environment.build / "logs" / f"terraform-{name}.log")
            for name in STACKS
        }
        self._outputs: dict[str, Any] = {}
        self._arrived = 0
        self._rest: Callable[[], None] = lambda: None
        self._ahead: Callable[[], None] = lambda: None

    def run(self) -> DemoOutcome:
        """Run all steps. Then throw the cloud away, even after an error, unless ``keep`` is set.

        Raises:
            LocalCloudError: another demo runs in this checkout.
            SconesError: a step failed.
        """
        with (
            workplace.alone(self.environment, keep=self.keep) as self.state,
            Steps(self.console, [title for title, _ in self._todo]) as steps,
        ):
            self.outcome = DemoOutcome(steps.steps)
            try:
                for title, body in self._todo:
                    with steps.step(title) as step:
                        body(step)
            finally:
                for rest in (self._rest, self._ahead):
                    with contextlib.suppress(SconesError):  # a step has said so, or something else has failed before
                        rest()
        return self.outcome

    def _log(self, name: str) -> Path:
        return self.environment.build / "logs" / f"terraform-{name}.log"

    def _claim(self, text: str, held: bool) -> None:
        self.outcome.claims.append(DemoClaim(text, held))

    def _start_cloud(self, step: Step) -> None:
        cloud = control.up(self.state, port=0, tethered=not self.keep)
        step.found = cloud.endpoint

    def _build_dataset(self, step: Step) -> None:
        with bars(self.console) as progress:
            self.outcome.ensured = self._preparation.build(progress)
        self.console.print(announcement(self.outcome.ensured), soft_wrap=False)
        if self._preparation.beginning:
            self.console.print(self._preparation.beginning, soft_wrap=True, highlight=False, markup=False)
        step.found = ", ".join(f"{self._dataset.size(split):,} {split}" for split in dataset.SPLITS)

    @property
    def _dataset(self) -> Dataset:
        assert self.outcome.ensured is not None, "an earlier step builds it"
        return self.outcome.ensured.dataset

    @property
    def _evaluation(self) -> evaluation.Evaluation:
        assert self.outcome.evaluation is not None, "an earlier step makes it"
        return self.outcome.evaluation

    def _package(self, step: Step) -> None:
        packages = packaging.package(self.environment.root / "lambdas", self.environment.build / "lambdas")
        step.found = ", ".join(f"{package.zip} {package.bytes / 1000:.1f} kB" for package in packages)

    def _apply_foundation(self, step: Step) -> None:
        """The provider waits for a minute for rules and queues that nothing needs yet. This goes on in the training."""
        self._stacks["bootstrap"].apply()
        foundation = self._stacks["foundation"]
        self._rest = apply_ahead(foundation)
        self._outputs |= foundation.outputs()
        self._ahead = arrivals_ahead(self.environment, log=self._log("arrivals"))
        step.found = f"s3://{self._outputs['bucket']}"

    def _upload(self, step: Step) -> None:
        with bars(self.console) as progress:
            self._spec = self._preparation.place(self._outputs, progress)
        step.found = self._spec.dataset_uri

    def _train(self, step: Step) -> None:
        from scones.training.view import view

        self._job = job.start(self.environment, self._spec)
        with view(self.console) as show:
            trained = job.follow(self.environment, self._job, show)
        step.found = ", ".join(f"{name} {value:.3f}" for name, value in sorted(trained.job.metrics.items()))
        self._claim("the training job completed", trained.job.status == "Completed")

    def _apply_rest(self, step: Step) -> None:
        self._rest()
        step.found = "applied meanwhile"

    def _register(self, step: Step) -> None:
        from scones.model import registry
        from scones.training import registering

        self.outcome.version = version = registering.register(self.environment, self._job)
        step.found = f"version {version.version}: {version.status}"
        if version.status != "Approved":
            raise RegistryError(
                registry.verdict(self.environment, version),
                hint="the demo deploys only a model that passes the gate; run it without --set to train long enough",
            )
        self._claim("the model passed the gate of validation accuracy and is pinned", True)

    def _apply_service(self, step: Step) -> None:
        self._ahead()
        self._stacks["service"].apply()
        self._outputs |= self._stacks["service"].outputs()
        step.found = f"{self._outputs['endpoint_name']}, {self._outputs['state_machine_arn'].rsplit(':', 1)[-1]}"

    def _plan_again(self, step: Step) -> None:
        with ThreadPoolExecutor() as side_by_side:
            plans = side_by_side.map(Stack.plan, self._stacks.values())
            changed = [name for name, changes in zip(self._stacks, plans, strict=True) if changes]
        step.found = f"changes in {', '.join(changed)}" if changed else "no changes in any stack"
        self._claim("a second plan of every stack is empty", not changed)

    def _evaluate(self, step: Step) -> None:
        runtime = aws.client(self.environment, "sagemaker-runtime", max_connections=8)
        with bars(self.console) as progress:
            found = evaluation.evaluate(
                runtime,
                self._outputs["endpoint_name"],
                self._dataset.images("test"),
                classes=self._dataset.classes,
                about={
                    "model_package_arn": read_pin(self.environment.pin_path).package_arn,
                    "dataset_fingerprint": self._dataset.fingerprint,
                },
                progress=progress,
            )
        found.write(self.environment.build / "evaluation.json")
        self.outcome.evaluation = found
        step.found = f"accuracy {found.accuracy:.3f} on {len(found.labels)} images"

    def _execute(self, step: Step) -> None:
        """Execute the test images with the lowest and the highest confidence, to get both kinds of answer.

        Of a model with the class ``other``, also the images that it is surest to be of none of the classes.
        """
        half = EXECUTIONS // 2
        order, foreign = self._order, self._surely_other[:FOREIGN]
        places = [*order[:half], *order[-half:], *foreign]
        images = self._dataset.images("test")
        self.outcome.runs = workflow.run_many(
            aws.client(self.environment, "s3"),
            aws.client(self.environment, "stepfunctions"),
            self._outputs["bucket"],
            self._outputs["state_machine_arn"],
            [str(images[place].path) for place in places],
        )
        codes = [run.exit_code for run in self.outcome.runs]
        passed, refused = codes.count(workflow.PASSED), codes.count(workflow.REFUSED)
        step.found = f"{passed} passed, {refused} failed out loud, {len(codes) - passed - refused} went wrong"
        self._claim("a confident image passed", passed > 0)
        self._claim(
            f"an unsure image's execution FAILED with {workflow.LOW_CONFIDENCE}",
            self._failed_with(workflow.LOW_CONFIDENCE),
        )
        if len(foreign):
            self._claim(
                f"the execution of an image of anything else FAILED with {workflow.NOT_ONE_OF_THE_CLASSES}",
                self._failed_with(workflow.NOT_ONE_OF_THE_CLASSES),
            )
        self._claim("no execution went wrong in any other way", passed + refused == len(codes))

    @property
    def _order(self) -> np.ndarray:
        """The places of the test images that the model takes for one of the classes, the least sure first."""
        found = self._evaluation
        order = found.probabilities.max(axis=1).argsort(kind="stable")
        return order[found.predictions[order] != found.other] if found.other is not None else order

    @property
    def _surely_other(self) -> np.ndarray:
        """The places of the test images that the model takes for none of the classes, the surest first."""
        found = self._evaluation
        if found.other is None:
            return np.empty(0, dtype=np.int64)
        order = (-found.probabilities[:, found.other]).argsort(kind="stable")
        return order[found.predictions[order] == found.other]

    def _failed_with(self, error: str) -> bool:
        """Whether an execution FAILED with an error."""
        outcomes = (run.outcome for run in self.outcome.runs)
        return any(one and one.status == "FAILED" and one.error == error for one in outcomes)

    def _arrive(self, step: Step) -> None:
        """Put the surest and the least sure test images into the bucket, and a file that is none."""
        if (arrival := self._outputs["arrival"]) is None:
            step.found = f"environment '{self.environment.name}' has no arrivals"
            return
        order, images = self._order, self._dataset.images("test")
        contents = {
            path.name: path.read_bytes()
            for path in (images[place].path for place in (*order[:2], *order[-2:], *self._surely_other[:1]))
        }
        self._arrived = len(contents)
        s3 = aws.client(self.environment, "s3", max_connections=8)
        bucket, prefix = split(arrival["uri"])
        for name, content in {**contents, HOSTILE: b"\x89PNG\r\n\x1a\n but no more"}.items():
            s3.put_object(Bucket=bucket, Key=f"{prefix}{name}", Body=content)
        found = inbox.wait_for(s3, arrival, [*contents, HOSTILE], seconds=ARRIVAL_SECONDS)
        ended = Counter(map(inbox.ending, found.values()))
        step.found = ", ".join(f"{number} {how}" for how, number in ended.most_common())
        answers = [found.get(name, {}) for name in contents]
        self._claim(
            f"{len(contents)} pictures that arrived have their results in {arrival['results_uri']}",
            all(one.get("classification") or one.get("error") in workflow.REFUSALS for one in answers),
        )
        self._claim(
            f"a file that arrived and is no picture FAILED with {UNREADABLE}",
            found.get(HOSTILE, {}).get("error") == UNREADABLE,
        )

    def _report(self, step: Step) -> None:
        """Check that every request was captured: those of the evaluation, one for each execution and each arrival."""
        s3, sagemaker = (aws.client(self.environment, name, max_connections=8) for name in ("s3", "sagemaker"))
        endpoint = self._outputs["endpoint_name"]
        expected = len(self._evaluation.labels) + len(self.outcome.runs) + self._arrived
        folder = self.environment.captures
        give_up = time.monotonic() + CAPTURE_SECONDS
        while True:  # captures are written a moment after their requests
            downloaded = capture.download(s3, self._outputs["capture_uri"], endpoint, folder)
            models = capture.look_up(sagemaker, downloaded.paths, endpoint, folder)
            captured = capture.read(downloaded.paths, models=models)
            if len(captured.events) >= expected or time.monotonic() > give_up:
                break
            time.sleep(0.5)
        self.outcome.events = len(captured.events)
        self.outcome.report = capture.report.write(
            captured,
            self.environment.build / "report",
            threshold=self.environment.service["confidence_threshold"],
            labels=labels_of(self._dataset),
            subject=endpoint,
        )
        step.found = f"{self.outcome.events} events"
        self._claim(
            f"captured events equal invocations ({self.outcome.events} of {expected}), none broken",
            self.outcome.events == expected and not captured.broken,
        )

    def _tear_down(self, step: Step) -> None:
        destroy_all(self.environment, stack=lambda _, name: self._stacks[name])
        left = left_behind(self.environment)
        step.found = "nothing is left" if not left else f"left: {', '.join(left)}"
        self._claim("destroy left nothing behind", not left)
