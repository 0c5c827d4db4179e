"""The model registry: registration, approval, and the versions that may be pinned."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from scones.errors import RegistryError
from scones.model import registry
from scones.model.registry.metadata import from_metadata, to_metadata

GROUP = "scones-dev"
JOB = "scones-dev-20260101-120000"
IMAGE = "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1"
ARTIFACT = b"a model" * 400_000  # longer than one block of the hash
FINGERPRINT = "5f" * 32


def test_a_good_model_is_approved_and_pinned_with_all_that_serving_needs(cloud: Any) -> None:
    version = cloud.register()
    assert (version.version, version.status, version.job) == (1, "Approved", JOB)
    assert cloud.pinned == version.model
    assert cloud.pinned == registry.PinnedModel(
        package_arn=f"arn:aws:sagemaker:us-east-1:123456789012:model-package/{GROUP}/1",
        version=1,
        image_uri=IMAGE,
        artifact_uri=f"s3://scones/models/{JOB}/output/model.tar.gz",
        artifact_sha256=hashlib.sha256(ARTIFACT).hexdigest(),
        class_labels=("bicycle", "motorcycle"),
        metrics={"train:accuracy": 0.99, "validation:accuracy": 0.91},
        dataset_fingerprint=FINGERPRINT,
        git_commit="1f0c",
    )


def test_terraform_reads_the_pin_as_its_variable_model(cloud: Any) -> None:
    cloud.register()
    text = cloud.environment.pin_path.read_text()
    assert text.endswith("}\n")
    model = json.loads(text)["model"]
    assert model["class_labels"] == ["bicycle", "motorcycle"]
    assert model["version"] == 1
    assert [path.name for path in cloud.environment.pin_path.parent.iterdir()] == ["model.tfvars.json"]


def test_a_model_below_the_gate_waits_for_approval_and_leaves_the_pin_as_it_was(cloud: Any) -> None:
    cloud.register()
    cloud.train("worse", accuracy=0.7499)
    version = cloud.register("worse")
    assert version.status == "PendingManualApproval"
    assert cloud.pinned.version == 1
    said = registry.verdict(cloud.environment, version)
    assert "NOT pinned" in said
    assert "0.750" in said
    assert "invoke pin 2 --approve --env dev" in said


def test_a_model_at_the_gate_passes_it(cloud: Any) -> None:
    cloud.train("just", accuracy=0.75)
    assert cloud.register("just").status == "Approved"


def test_the_gate_looks_at_the_best_epoch_which_is_what_the_artifact_holds(cloud: Any) -> None:
    """SageMaker's final metric is the last epoch's. The artifact holds the best epoch, which only the log shows."""
    cloud.train(JOB, accuracy=0.60)
    cloud.logs.lines = ["Storing the best model with validation accuracy: 0.880000", "Epoch[9] Validation-accuracy=0.6"]
    version = cloud.register()
    assert version.accuracy == 0.88
    assert version.status == "Approved"


def test_the_gate_looks_at_the_epoch_that_was_saved_last_where_every_so_many_are(cloud: Any) -> None:
    """With checkpoint_frequency, the artifact holds the last saved epoch, not the best or the last one."""
    cloud.train(JOB, accuracy=0.90)
    cloud.logs.lines = [
        "Epoch[0] Train-accuracy=0.800000",
        "Epoch[0] Validation-accuracy=0.950000",
        "Epoch[1] Train-accuracy=0.850000",
        "Epoch[1] Validation-accuracy=0.600000",
        'Saved checkpoint to "/opt/ml/model/image-classification-0002.params"',
        "Epoch[2] Train-accuracy=0.900000",
        "Epoch[2] Validation-accuracy=0.900000",
    ]
    version = cloud.register()
    assert version.model.metrics == {"train:accuracy": 0.85, "validation:accuracy": 0.6}
    assert version.status == "PendingManualApproval"


def test_a_model_of_unknown_accuracy_is_not_approved(cloud: Any) -> None:
    cloud.train("silent", accuracy=None)
    version = cloud.register("silent")
    assert version.status == "PendingManualApproval"
    assert "unknown" in registry.verdict(cloud.environment, version)


def test_registering_again_makes_no_second_version_but_pins_what_was_not_pinned(cloud: Any) -> None:
    cloud.register()
    cloud.environment.pin_path.unlink()
    assert cloud.register().version == 1
    assert cloud.pinned.version == 1
    assert len(cloud.sagemaker.packages) == 1


def test_the_best_model_of_a_stopped_job_can_be_registered(cloud: Any) -> None:
    cloud.train("stopped", accuracy=0.8, status="Stopped")
    assert cloud.register("stopped").status == "Approved"


@pytest.mark.parametrize(
    ("status", "hint"), [("Failed", None), ("InProgress", "follow it with: invoke train --attach bad --env dev")]
)
def test_a_job_without_a_model_is_refused(cloud: Any, status: str, hint: str | None) -> None:
    cloud.train("bad", accuracy=None, status=status, FailureReason="ClientError: no images")
    with pytest.raises(RegistryError, match=f"it is {status}: ClientError: no images") as refused:
        cloud.register("bad")
    assert refused.value.hint == hint
    assert not cloud.sagemaker.packages


def test_a_job_stopped_before_it_had_a_model_is_refused(cloud: Any) -> None:
    """Its model.tar.gz exists but is empty."""
    cloud.train("early", accuracy=None, status="Stopped")
    with pytest.raises(RegistryError, match="stopped before its first epoch ended"):
        cloud.register("early")


def test_a_job_stopped_before_the_first_epoch_that_is_kept_has_no_model(cloud: Any) -> None:
    """The final metrics are there, and the archive has no parameters: SageMaker keeps every so many epochs."""
    hyperparameters = {"epochs": "80", "checkpoint_frequency": "10"}
    cloud.train("early", accuracy=0.9, status="Stopped", HyperParameters=hyperparameters)
    cloud.logs.lines = ["Epoch[0] Validation-accuracy=0.900000", "Epoch[1] Validation-accuracy=0.900000"]
    with pytest.raises(RegistryError, match="was stopped after 2 epochs, before epoch 10, the first whose parameters"):
        cloud.register("early")
    assert not cloud.sagemaker.packages


def test_a_data_set_that_is_gone_is_named(cloud: Any) -> None:
    del cloud.s3.objects["scones", "datasets/5f/dataset.json"]
    with pytest.raises(RegistryError, match=r"s3://scones/datasets/5f/dataset.json"):
        cloud.register()


FILE_SYSTEM = {
    "DirectoryPath": "/data",
    "FileSystemAccessMode": "ro",
    "FileSystemId": "fs-0123456789abcdef0",
    "FileSystemType": "EFS",
}


@pytest.mark.parametrize(
    ("channels", "said"),
    [
        ([], "it has no channel 'train', only: none"),
        (["validation"], "it has no channel 'train', only: validation"),
        (["train", "validation"], "its channel 'train' does not read S3"),
    ],
)
def test_a_job_without_a_data_set_in_s3_is_refused_with_the_way_to_register_it(
    cloud: Any, channels: list[str], said: str
) -> None:
    source = {"FileSystemDataSource": FILE_SYSTEM}
    given = [{"ChannelName": name, "DataSource": source} for name in channels]
    cloud.train("elsewhere", accuracy=0.9, InputDataConfig=given)
    with pytest.raises(RegistryError, match=f"the classes of training job 'elsewhere' are unknown: {said}") as refused:
        cloud.register("elsewhere")
    assert "invoke register --artifact s3://scones/models/elsewhere/output/model.tar.gz" in refused.value.hint


def test_a_job_started_otherwise_has_the_commit_of_this_checkout(cloud: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    cloud.sagemaker.tags = []
    monkeypatch.setattr("scones.revision.commit", lambda root: "2e1d-dirty")
    assert cloud.register().model.git_commit == "2e1d-dirty"


def test_rolls_back_to_an_earlier_version(cloud: Any) -> None:
    cloud.register()
    cloud.train("newer", accuracy=0.95)
    assert cloud.register("newer").version == 2
    assert cloud.pinned.version == 2
    cloud.pin(1)
    assert cloud.pinned.version == 1


def test_a_waiting_version_is_pinned_only_when_approved(cloud: Any) -> None:
    cloud.train("worse", accuracy=0.5)
    cloud.register("worse")
    with pytest.raises(RegistryError, match=r"waits for approval: validation accuracy 0.500, minimum 0.75") as refused:
        cloud.pin(1)
    assert "invoke pin 1 --approve" in refused.value.hint
    assert not cloud.environment.pin_path.exists()
    assert cloud.pin(1, approve=True).status == "Approved"
    assert cloud.pinned.version == 1


def test_a_model_is_not_approved_on_a_handful_of_validation_images(cloud: Any) -> None:
    """Nine right answers of nine leave open whether it is right seven times in ten."""

    def measured_on(images: int) -> registry.Version:
        name = f"on-{images}"
        cloud.train(name, accuracy=1.0)
        described = json.loads(cloud.s3.objects["scones", "datasets/5f/dataset.json"])
        described["counts"] = {"validation": {"bicycle": images - 5, "motorcycle": 5}}
        cloud.s3.objects["scones", "datasets/5f/dataset.json"] = json.dumps(described).encode()
        return cloud.register(name)

    few = measured_on(9)
    assert few.status == "PendingManualApproval"
    said = registry.verdict(cloud.environment, few)
    for part in ("NOT pinned", "on only 9 images", "0.70 to 1.00", "about 12 are needed", "--approve"):
        assert part in said
    with pytest.raises(RegistryError, match=r"waits for approval: validation accuracy 1\.000 on only 9 images"):
        cloud.pin(few.version)
    assert measured_on(58).status == "Approved"


def test_a_rejected_or_absent_version_is_refused_with_those_there_are(cloud: Any) -> None:
    cloud.register()
    cloud.train("other", accuracy=0.9)
    other = cloud.register("other")
    cloud.sagemaker.packages[other.arn]["ModelApprovalStatus"] = "Rejected"
    with pytest.raises(RegistryError, match=r"version 2 was rejected.*2 \(Rejected\); 1 \(Approved\)"):
        cloud.pin(2, approve=True)
    with pytest.raises(RegistryError, match=r"no version 7.*2 \(Rejected\); 1 \(Approved\)"):
        cloud.pin(7)


def test_a_version_made_by_other_means_is_listed_but_not_pinned(cloud: Any) -> None:
    cloud.sagemaker.create_model_package(ModelPackageGroupName=GROUP, ModelApprovalStatus="Approved")
    [version] = registry.versions(cloud.environment, group=GROUP, client=cloud.client)
    assert (version.model, version.job, version.accuracy) == (None, None, None)
    with pytest.raises(RegistryError, match="not registered by this project"):
        cloud.pin(1)


def test_an_artifact_that_changed_or_is_gone_is_not_pinned(cloud: Any) -> None:
    cloud.register()
    cloud.environment.pin_path.unlink()
    place = ("scones", f"models/{JOB}/output/model.tar.gz")
    cloud.s3.objects[place] = b"another model"
    with pytest.raises(RegistryError, match=hashlib.sha256(b"another model").hexdigest()):
        cloud.pin(1)
    del cloud.s3.objects[place]
    with pytest.raises(RegistryError, match="is gone"):
        cloud.pin(1)
    assert not cloud.environment.pin_path.exists()


def test_versions_are_listed_newest_first(cloud: Any) -> None:
    cloud.register()
    cloud.train("newer", accuracy=0.95)
    cloud.register("newer")
    found = registry.versions(cloud.environment, group=GROUP, client=cloud.client)
    assert [version.version for version in found] == [2, 1]


@pytest.mark.parametrize(
    "labels",
    [
        ("bicycle", "motorcycle"),
        ("pickup_truck", "a b", "Fahrräder", "50% off", "a/b", "x=y", "c~d", "e,f"),
        tuple(f"class number {number}" for number in range(100)),
    ],
)
def test_class_labels_survive_what_the_registry_can_hold(labels: tuple[str, ...]) -> None:
    """A value has up to 256 letters, digits, spaces and _.:/=+-@. A version has up to 50 values."""
    facts = {
        "job": JOB,
        "artifact_sha256": "ab",
        "class_labels": labels,
        "metrics": {"validation:accuracy": 0.5},
        "dataset_fingerprint": "cd",
        "git_commit": "ef-dirty",
    }
    properties = to_metadata(**facts)
    assert from_metadata(properties) == facts
    assert len(properties) <= 50
    for value in properties.values():
        assert 0 < len(value) <= 256
        assert all(character.isalnum() or character in " _.:/=+-@" for character in value)


@pytest.mark.parametrize("content", ["", "[]", '{"model": {}}', '{"model": null}'])
def test_a_pin_that_cannot_be_used_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "model.tfvars.json"
    path.write_text(content)
    with pytest.raises(RegistryError, match=r"model.tfvars.json does not hold a pinned model"):
        registry.read_pin(path)


def test_a_missing_pin_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match="no model is pinned") as refused:
        registry.read_pin(tmp_path / "model.tfvars.json")
    assert "invoke train" in refused.value.hint


def test_the_pin_names_the_class_of_what_is_none_of_the_others(tmp_path: Path) -> None:
    """Terraform gives the name to the functions. A model without the class has none."""
    facts = ("image", "s3://BUCKET/KEY", "9f86")
    for labels, name in ((("bicycle", "motorcycle", "other"), "other"), (("bicycle", "motorcycle"), None)):
        registry.write_pin(tmp_path / "pin.json", registry.PinnedModel("arn:…", 1, *facts, labels, {}, "5d41", ""))
        assert json.loads((tmp_path / "pin.json").read_text())["model"].get("other_class") == name
        assert registry.read_pin(tmp_path / "pin.json").class_labels == labels
