"""The refusals, questions and results of ``invoke train``."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from invoke import Context
from invoke.exceptions import Exit
from rich.console import Console

from scones import settings
from scones.errors import InputError, StoppedError
from scones.tasks import train as tasks
from scones.tasks.backbone import backbone
from scones.training import job, recipe
from scones.training.described import DescribedJob, TrainingOutcome
from scones.training.progress import Progress

from .conftest import FEW, Workplace

pytestmark = pytest.mark.slow


class Keyboard:
    """A user at the terminal, or none."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, there: bool, answer: bool = False) -> None:
        self.questions: list[str] = []
        self._answer = answer
        monkeypatch.setattr("sys.stdin", self)
        monkeypatch.setattr("scones.tasks.prepare.asked", self._ask)
        self.there = there

    def isatty(self) -> bool:
        return self.there

    def _ask(self, question: str) -> bool:
        self.questions.append(question)
        return self._answer


def follower(*outcomes: Any) -> Callable[..., Any]:
    """A ``job.follow`` that ends with each of the outcomes in turn."""
    left = list(outcomes)

    def follow(environment: settings.Environment, name: str, view: Any) -> Any:
        outcome = left.pop(0)
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    return follow


FINISHED = TrainingOutcome(
    DescribedJob("j", "arn", "Completed", "Completed", None, "image", "s3://b/m", "s3://b/d"),
    Progress("j", 1, "Completed"),
)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"set": ["epochs"]}, "--set epochs is not NAME=VALUE"),
        ({"set": ["epochs=1", "epochs=2"]}, "given twice"),
        ({"set": ["epochs=none"]}, "epochs is 'none'"),
        ({"set": ["learning_rat=1"]}, "did you mean learning_rate"),
        ({"env": "devv"}, "no environment 'devv'"),
        ({"classes": "bicycle,bicycle"}, "bicycle"),
        ({"name": "no name"}, "'no name' cannot be a training job's name"),
        ({"attach": "j", "set": ["epochs=3"], "name": "k"}, "--set, --name would change nothing"),
        ({"attach": "j", "resume": "k"}, "--attach follows .*: --resume would change nothing"),
        (
            {"resume": "j", "model": "3", "recordio": True},
            "--resume continues .*: --recordio, --model would change nothing",
        ),
        ({"set": ["use_pretrained_model=1"]}, "the container's own weights are for 3,224,224"),
    ],
)
def test_a_mistake_is_told_before_anything_is_done(untouched: None, options: dict[str, Any], said: str) -> None:
    with pytest.raises(Exit, match=said) as ended:
        tasks.train(Context(), **{"env": "dev", **options})
    assert ended.value.code == 2


def channels(asked: dict[str, Any]) -> dict[str, str]:
    return {one["ChannelName"]: one["DataSource"]["S3DataSource"]["S3Uri"] for one in asked["InputDataConfig"]}


@pytest.fixture
def workplace(workplace: Workplace, monkeypatch: pytest.MonkeyPatch) -> Workplace:
    """A workplace in which jobs end at once."""
    monkeypatch.setattr(job, "follow", lambda *_: FINISHED)
    return workplace


def a_model(folder: Path) -> Path:
    from imageclassification import artifact
    from imageclassification.network import Network
    from imageclassification.symbol import resnet

    symbol = resnet(32, 2, (3, 20, 20))
    parameters = Network.fresh(symbol, (3, 20, 20), seed=0).parameter_arrays()
    shapes = [{"name": "data", "shape": [1, 3, 20, 20]}]
    return artifact.write(folder / "model.tar.gz", artifact.Artifact(symbol, parameters, shapes, epoch=1))


def test_a_model_to_start_from_settles_the_network_and_goes_to_the_bucket(workplace: Workplace, tmp_path: Path) -> None:
    model = str(a_model(tmp_path))
    with pytest.raises(Exit, match=r"num_classes is 3, .* set use_pretrained_model to 1"):
        tasks.train(Context(), env="dev", model=model, classes="bus,tank,train", register=False, yes=True)
    tasks.train(Context(), env="dev", model=model, name="a", recordio=True, set=FEW, register=False, yes=True)
    asked = workplace.asked("a")
    assert (asked["HyperParameters"]["num_layers"], asked["HyperParameters"]["image_shape"]) == ("32", "3,20,20")
    found = channels(asked)
    assert found["model"].startswith("s3://scones/models/imported/")
    assert found["train"].endswith("/train.rec")
    assert {uri.removeprefix("s3://scones/") for uri in found.values()} <= workplace.uploaded()
    options = ["use_pretrained_model=1", "num_layers=20", *FEW]
    with pytest.raises(Exit, match="num_layers is 20, but the network in channel 'model' has 32 layers"):
        tasks.train(Context(), env="dev", model=model, set=options, register=False, yes=True)


def test_a_model_is_gone_on_with_at_the_rates_of_fine_tuning_unless_others_are_set(
    workplace: Workplace, tmp_path: Path
) -> None:
    model = str(a_model(tmp_path))

    def rate(name: str, **options: Any) -> float:
        tasks.train(Context(), env="dev", name=name, register=False, yes=True, **options)
        return float(workplace.asked(name)["HyperParameters"]["learning_rate"])

    assert rate("a", model=model, set=FEW) == float(recipe.FINE_TUNING["learning_rate"])
    assert rate("b", model=model, set=[*FEW, "learning_rate=0.5"]) == 0.5
    assert rate("c", set=FEW) == float(recipe.SMALL_IMAGES["learning_rate"])


def test_a_backbone_learns_the_other_classes_and_says_how_it_is_started_from(
    workplace: Workplace, capsys: pytest.CaptureFixture[str]
) -> None:
    backbone(Context(), env="dev", name="a", set=["epochs=30", *FEW], yes=True)
    asked = workplace.asked("a")
    given = asked["HyperParameters"]
    assert (given["num_classes"], given["epochs"]) == ("4", "30")  # apple, bus, tank, train
    sent = workplace.uploaded()
    assert {uri.removeprefix("s3://scones/") for uri in channels(asked).values()} <= sent
    assert not [key for key in sent if key.endswith(".png")], "the job reads none of its 49,000 images as files"
    assert "next: invoke train --model s3://b/m --set use_pretrained_model=1 --env dev" in capsys.readouterr().out
    assert (workplace.environment.build / "backbone" / "dataset" / "dataset.json").exists()


def test_a_backbones_job_is_followed_again_and_gone_on_with_and_is_never_registered(
    workplace: Workplace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    values = {"num_classes": "98", "num_training_samples": "44082", "image_shape": "3,28,28", "num_layers": "20"}
    before = DescribedJob(
        "ended",
        "arn",
        "Stopped",
        "Stopped",
        None,
        "image",
        None,
        "s3://b/datasets/f",
        checkpoint_uri="s3://b/checkpoints/ended",
        hyperparameters=values,
    )
    monkeypatch.setattr(job, "describe", lambda environment, name, **options: before)
    backbone(Context(), env="dev", resume="ended", name="again", yes=True)
    asked = workplace.asked("again")
    assert asked["HyperParameters"] == values
    assert asked["CheckpointConfig"]["S3Uri"] == "s3://b/checkpoints/ended"
    backbone(Context(), env="dev", attach="again")
    assert capsys.readouterr().out.count("next: invoke train --model s3://b/m") == 2
    with pytest.raises(Exit, match="--attach follows a job that has been started: --set would change nothing"):
        backbone(Context(), env="dev", attach="again", set=["epochs=3"])


def test_a_backbones_hyperparameters_are_checked_before_its_many_images_are_made(workplace: Workplace) -> None:
    with pytest.raises(Exit, match="no hyperparameter 'epocs'"):
        backbone(Context(), env="dev", set=["epocs=30"], yes=True)
    assert not workplace.environment.build.exists()


def test_a_model_that_is_not_there_is_named(workplace: Workplace) -> None:
    with pytest.raises(Exit, match=r"there is no model artifact at nowhere\.tar\.gz"):
        tasks.train(Context(), env="dev", model="nowhere.tar.gz", yes=True)


def test_going_on_with_a_job_asks_for_just_what_it_was_asked_for(
    workplace: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = {"num_classes": "2", "num_training_samples": "900", "image_shape": "3,28,28", "num_layers": "20"}
    before = DescribedJob(
        "ended",
        "arn",
        "Failed",
        "Failed",
        "AlgorithmError: , exit code: 137",
        "image",
        None,
        "s3://b/datasets/f",
        recordio=True,
        model_uri="s3://b/models/m/model.tar.gz",
        checkpoint_uri="s3://b/checkpoints/ended",
        hyperparameters=values,
    )
    monkeypatch.setattr(job, "describe", lambda environment, name, **options: before)
    tasks.train(Context(), env="dev", resume="ended", name="again", register=False, yes=True)
    asked = workplace.asked("again")
    assert asked["HyperParameters"] == values
    assert channels(asked) == {
        "train": "s3://b/datasets/f/train.rec",
        "validation": "s3://b/datasets/f/validation.rec",
        "model": "s3://b/models/m/model.tar.gz",
    }
    assert asked["CheckpointConfig"]["S3Uri"] == "s3://b/checkpoints/ended"
    assert asked["OutputDataConfig"] == {"S3OutputPath": "s3://scones/models", "KmsKeyId": "key"}
    assert asked["RoleArn"] == "arn:aws:iam::123456789012:role/training"


def test_nothing_that_costs_money_is_started_unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    environment = settings.load("dev", variables={})
    Keyboard(monkeypatch, there=False)
    with pytest.raises(InputError, match=r"ml.g4dn.xlarge in us-east-1, for at most 60 minutes") as refused:
        tasks.confirm(environment, Console(file=io.StringIO()))
    assert "--yes" in refused.value.hint
    asked = Keyboard(monkeypatch, there=True, answer=False)
    with pytest.raises(InputError, match="nothing was started"):
        tasks.confirm(environment, Console(file=io.StringIO()))
    assert asked.questions == ["Go on?"]
    tasks.confirm(settings.load("local", variables={}), Console(file=io.StringIO()))
    assert asked.questions == ["Go on?"]


def test_a_job_that_has_ended_is_a_document_that_keeps_to_its_schema(
    monkeypatch: pytest.MonkeyPatch, printed_json: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(job, "follow", lambda *_: FINISHED)
    tasks.train(Context(), env="dev", attach="j", register=False, json=True)
    found = printed_json("train")
    assert (found["environment"], found["job"], found["model"]) == ("dev", FINISHED.job.name, None)
    assert found["metrics"] == dict(FINISHED.job.metrics)


def test_after_ctrl_c_a_job_goes_on_and_is_told_how_to_be_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    environment = settings.load("dev", variables={})
    monkeypatch.setattr(job, "follow", follower(KeyboardInterrupt()))
    monkeypatch.setattr(job, "stop", lambda environment, name: pytest.fail("the job was stopped"))
    asked = Keyboard(monkeypatch, there=True, answer=False)
    with pytest.raises(Exit, match="invoke train --attach j --env dev") as ended:
        tasks.follow(environment, "j", Console(file=io.StringIO()))
    assert ended.value.code == 130
    assert asked.questions == ["Stop the training job?"]


def test_after_ctrl_c_a_job_is_stopped_where_a_person_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    stopped: list[str] = []
    monkeypatch.setattr(job, "follow", follower(KeyboardInterrupt(), FINISHED))
    monkeypatch.setattr(job, "stop", lambda environment, name: stopped.append(name))
    Keyboard(monkeypatch, there=True, answer=True)
    found = tasks.follow(settings.load("dev", variables={}), "j", Console(file=io.StringIO()))
    assert stopped == ["j"]
    assert found is FINISHED.job


def test_ctrl_c_while_a_job_stops_tells_how_to_follow_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message does not say to run the same command again, because that starts another job."""
    monkeypatch.setattr(job, "follow", follower(KeyboardInterrupt(), KeyboardInterrupt()))
    monkeypatch.setattr(job, "stop", lambda environment, name: None)
    Keyboard(monkeypatch, there=True, answer=True)
    with pytest.raises(Exit, match="invoke train --attach j --env dev") as ended:
        tasks.follow(settings.load("dev", variables={}), "j", Console(file=io.StringIO()))
    assert ended.value.code == 130


def test_a_job_that_someone_stopped_is_no_error_and_a_cloud_that_ended_says_how_to_follow_it_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    environment = settings.load("dev", variables={})
    stopped = StoppedError("training job 'j' was stopped: someone stopped it", hint="invoke register --job j")
    monkeypatch.setattr(job, "follow", follower(stopped))
    with pytest.raises(Exit, match="someone stopped it\ninvoke register --job j") as ended:
        tasks.follow(environment, "j", Console(file=io.StringIO()))
    assert ended.value.code == 0
    monkeypatch.setattr(job, "follow", follower(EndpointConnectionError(endpoint_url="http://127.0.0.1:1")))
    with pytest.raises(EndpointConnectionError) as gone:
        tasks.follow(environment, "j", Console(file=io.StringIO()))
    assert "invoke train --attach j --env dev" in gone.value.__notes__[0]
