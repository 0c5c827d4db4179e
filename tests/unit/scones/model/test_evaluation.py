import io
import json
import threading
from pathlib import Path

import numpy as np
import pytest
from botocore.exceptions import ClientError
from rich.console import Console
from rich.progress import Progress

from imageclassification.errors import ArtifactError, ImageError
from scones.dataset import LabelledImage
from scones.errors import CloudError, InputError
from scones.model import evaluation, evaluation_page
from scones.tasks import views

CLASSES = ("bicycle", "motorcycle")


class Endpoint:
    """A stand-in for sagemaker-runtime. It answers with the two probabilities in the image's file."""

    def __init__(self) -> None:
        self.requests: list[dict] = []
        self.lock = threading.Lock()

    def invoke_endpoint(self, **request) -> dict:
        with self.lock:
            self.requests.append(request)
        if request["Body"] == b"refused":
            raise ClientError(
                {"Error": {"Code": "ModelError", "Message": "received client error (400)"}}, "InvokeEndpoint"
            )
        return {"Body": io.BytesIO(request["Body"])}


@pytest.fixture
def image(tmp_path: Path):
    def make(name: str, label: int, content: str) -> LabelledImage:
        path = tmp_path / name
        path.write_text(content)
        return LabelledImage(path=path, label=label, name=name)

    return make


@pytest.fixture
def images(image) -> list[LabelledImage]:
    """Four images: right and sure, right and unsure, wrong and unsure, right and sure."""
    return [
        image("a.png", 0, "[0.96, 0.04]"),
        image("b.png", 1, "[0.45, 0.55]"),
        image("c.jpg", 0, "[0.30, 0.70]"),
        image("Vélo 1.png", 1, "[0.01, 0.99]"),
    ]


def test_measures_the_answers_in_the_order_of_the_images(images):
    found = evaluation.evaluate(Endpoint(), "scones", images, classes=CLASSES, workers=3)
    assert found.names == ("a.png", "b.png", "c.jpg", "Vélo 1.png")
    assert found.accuracy == 0.75
    assert found.confusion.tolist() == [[1, 1], [0, 2]]
    assert [round(score.recall, 3) for score in found.scores] == [0.5, 1.0]
    assert [(one.answered, one.accuracy) for one in found.coverage((0.5, 0.8, 0.97))] == [(4, 0.75), (2, 1.0), (1, 1.0)]
    assert found.interval[0] < 0.75 < found.interval[1]


def test_every_request_can_be_joined_to_its_image_in_the_captures(images):
    endpoint = Endpoint()
    evaluation.evaluate(endpoint, "scones", images, classes=CLASSES)
    requests = {request["CustomAttributes"]: request for request in endpoint.requests}
    assert sorted(requests) == ["V%C3%A9lo%201.png", "a.png", "b.png", "c.jpg"]
    assert requests["c.jpg"]["ContentType"] == "image/jpeg"
    assert requests["a.png"] | {"InferenceId": "", "Body": b""} == {
        "EndpointName": "scones",
        "ContentType": "image/png",
        "Accept": "application/json",
        "CustomAttributes": "a.png",
        "InferenceId": "",
        "Body": b"",
    }
    ids = {request["InferenceId"] for request in endpoint.requests}
    assert len(ids) == 4
    assert all(len(one) <= 64 and one.startswith("evaluate-") for one in ids)


def test_names_the_image_that_the_endpoint_refuses(images, image):
    with pytest.raises(CloudError, match=r"(?s)endpoint scones refused bad.png: .*client error.*describe-endpoint"):
        evaluation.evaluate(Endpoint(), "scones", [*images, image("bad.png", 0, "refused")], classes=CLASSES)


@pytest.mark.parametrize("answer", ["[0.2, 0.3, 0.5]", "[]", "oops", '{"error": 1}', "0.5", "[null, 1]"])
def test_an_answer_that_is_not_one_probability_a_class_is_an_error(image, answer):
    with pytest.raises(CloudError, match=r"answered odd.png with .*, not with 2 probabilities"):
        evaluation.evaluate(Endpoint(), "scones", [image("odd.png", 0, answer)], classes=CLASSES)


def test_refuses_an_empty_test_split():
    with pytest.raises(InputError, match=r"(?s)no images.*invoke etl"):
        evaluation.evaluate(Endpoint(), "scones", [], classes=CLASSES)


def test_shows_progress_to_the_last_image(images):
    with Progress(disable=True) as progress:
        evaluation.evaluate(Endpoint(), "scones", images, classes=CLASSES, progress=progress)
    (bar,) = progress.tasks
    assert (bar.completed, bar.total) == (4, 4)


def test_what_is_kept_says_everything_and_is_json(images, tmp_path):
    found = evaluation.evaluate(
        Endpoint(), "scones", images, classes=CLASSES, about={"dataset_fingerprint": "abc", "model_package_arn": "arn"}
    )
    path = found.write(tmp_path / "deep" / "evaluation.json")
    kept = json.loads(path.read_text())
    assert (kept["endpoint"], kept["dataset_fingerprint"], kept["images"]) == ("scones", "abc", 4)
    assert kept["accuracy"] == 0.75
    assert kept["confusion"] == [[1, 1], [0, 2]]
    assert kept["thresholds"][0] == {"threshold": 0.5, "answered": 4, "share": 1.0, "accuracy": 0.75}
    assert kept["predictions"][2] == {"name": "c.jpg", "label": "bicycle", "probabilities": [0.3, 0.7]}
    assert [one.name for one in path.parent.iterdir()] == ["evaluation.json"]


def test_shows_the_numbers_and_marks_the_environments_own_threshold(images):
    found = evaluation.evaluate(Endpoint(), "scones", images, classes=("bicycle", "[bold]motor[/oops]"))
    console = Console(record=True, width=120, file=io.StringIO())
    console.print(views.evaluation_tables(found, threshold=0.93))
    text = console.export_text()
    assert "accuracy 75.0%  (3 of 4 images; 95% interval 30.1% to 95.4%)" in text
    assert "[bold]motor[/oops]" in text
    own = next(row for row in text.splitlines() if "▸" in row)
    assert [cell.strip() for cell in own.strip("│ ").split("│")] == ["▸ 0.93", "2", "50.0%", "100.0%"]


def test_a_limit_takes_evenly_from_all_classes(image):
    """The test split is sorted by class, so its first images all have one class."""
    split = [image(f"{label}-{number}.png", label, "") for label in range(3) for number in range(10)]
    assert [one.name for one in evaluation.pick(split, 5)] == ["0-0.png", "1-0.png", "2-0.png", "0-1.png", "1-1.png"]
    assert evaluation.pick(split, None) == evaluation.pick(split, 99) == split
    with pytest.raises(InputError, match="not 0"):
        evaluation.pick(split, 0)


def test_refuses_a_data_set_whose_labels_mean_something_else():
    evaluation.check_classes(CLASSES, list(CLASSES))
    with pytest.raises(InputError, match=r"(?s)are motorcycle, bicycle;.*--classes bicycle,motorcycle"):
        evaluation.check_classes(("motorcycle", "bicycle"), CLASSES)


def test_probabilities_are_floats_of_one_row_an_image(images):
    found = evaluation.evaluate(Endpoint(), "scones", images, classes=CLASSES)
    assert (found.probabilities.shape, found.probabilities.dtype) == ((4, 2), np.float64)
    assert (found.labels.dtype, found.seconds.shape) == (np.int64, (4,))


class Artifact:
    """A stand-in for a predictor. It answers with the two probabilities in the image's file."""

    num_classes = 2
    multi_label = False
    warm = False

    def warm_up(self) -> None:
        self.warm = True

    def probabilities(self, bodies: list[bytes]) -> np.ndarray:
        if bodies == [b"damaged"]:
            raise ImageError("the image cannot be decoded")
        return np.array([json.loads(body) for body in bodies])


def test_an_artifact_is_measured_as_an_endpoint_is(images, tmp_path):
    asked = evaluation.evaluate(Endpoint(), "scones", images, classes=CLASSES)
    predictor = Artifact()
    with Progress(disable=True) as progress:
        found = evaluation.evaluate_artifact(
            predictor, images, classes=CLASSES, about={"artifact": "model.tar.gz"}, progress=progress
        )
    assert predictor.warm
    assert [(bar.completed, bar.total) for bar in progress.tasks] == [(4, 4)]
    assert (found.names, found.accuracy, found.interval) == (asked.names, asked.accuracy, asked.interval)
    assert found.confusion.tolist() == asked.confusion.tolist()
    assert found.coverage() == asked.coverage()
    kept = json.loads(found.write(tmp_path / "evaluation.json").read_text())
    wanted = asked.to_json()
    assert kept.keys() ^ wanted.keys() == {"endpoint", "artifact"}
    assert kept["artifact"] == "model.tar.gz"


def test_an_artifact_of_another_number_of_classes_is_refused_by_name(images):
    with pytest.raises(InputError, match=r"(?s)has 2 classes; the data set has 3: bus, tank, train.*--dataset"):
        evaluation.evaluate_artifact(Artifact(), images, classes=("bus", "tank", "train"))


def test_an_artifact_of_several_labels_an_image_is_not_measured_as_if_it_gave_one(images):
    predictor = Artifact()
    predictor.multi_label = True
    with pytest.raises(ArtifactError, match="several labels an image"):
        evaluation.evaluate_artifact(predictor, images, classes=CLASSES)


def test_an_artifact_is_not_asked_about_nothing_or_what_is_no_image(image):
    with pytest.raises(InputError, match="no images"):
        evaluation.evaluate_artifact(Artifact(), [], classes=CLASSES)
    with pytest.raises(ImageError, match=r"bad\.png: the image cannot be decoded"):
        evaluation.evaluate_artifact(Artifact(), [image("bad.png", 0, "damaged")], classes=CLASSES)


def test_of_a_model_with_other_the_wanted_classes_are_measured_beside_it(image):
    """A bicycle that passes, one that is taken for other; a cat that is refused, and one that passes."""
    images = [
        image("a.png", 0, "[0.9, 0.05, 0.05]"),
        image("b.png", 0, "[0.2, 0.1, 0.7]"),
        image("c.png", 2, "[0.02, 0.01, 0.97]"),
        image("d.png", 2, "[0.85, 0.05, 0.1]"),
    ]
    found = evaluation.evaluate(Endpoint(), "scones", images, classes=(*CLASSES, "other"))
    assert (found.accuracy, found.wanted) == (0.5, (1, 2))
    (at,) = found.coverage([0.8])
    assert (at.answered, at.share, at.accuracy, at.foreign) == (2, 0.5, 0.5, 0.5)
    assert found.to_json()["wanted_accuracy"] == 0.5
    assert evaluation_page.right_sentence(found).endswith(", and on 50 % of those of its classes")
    assert evaluation_page.pass_sentence(found, 0.8) == (
        "At 0.80 the model answers 50 % of the images of its classes and 50 % of anything else; 50 % of these answers "
        "are wrong"
    )
    assert [(one.name, one.passed) for one in evaluation_page.wrong_answers(found, images, threshold=0.5)] == [
        ("d.png", True),
        ("b.png", False),
    ]
