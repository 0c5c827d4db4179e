"""Environments are read from their folders, and an error names each mistake."""

import json
import os
import re
import subprocess

import pytest

from localcloud.durability import facts
from localcloud.durability.database import Database
from localcloud.errors import LocalCloudError
from scones import settings
from scones.errors import SettingsError
from scones.training import tuning


def write_environment(root, name, **changes):
    folder = root / "terraform" / "environments" / name
    folder.mkdir(parents=True)
    own = {
        "region": "eu-central-1",
        "classes": ["bus", "tank"],
        "training": {
            "instance_type": "ml.g5.xlarge",
            "volume_size_gb": 30,
            "max_runtime_seconds": 600,
            "minimum_validation_accuracy": 0.7,
        },
    } | changes
    (folder / "environment.json").write_text(json.dumps(own))
    (folder / "foundation.tfvars.json").write_text("{}")
    (folder / "service.tfvars.json").write_text(json.dumps({"confidence_threshold": 0.9}))
    return folder


def test_reads_the_very_values_that_terraform_reads(tmp_path):
    folder = write_environment(tmp_path, "dev")
    found = settings.load("dev", root=tmp_path, variables={})
    assert (found.region, found.classes, found.service["confidence_threshold"]) == (
        "eu-central-1",
        ("bus", "tank"),
        0.9,
    )
    assert found.pin_path == folder / "model.tfvars.json"
    assert found.endpoint_url() is None


def test_an_environment_costs_money_unless_it_says_otherwise(tmp_path):
    write_environment(tmp_path, "dev")
    write_environment(tmp_path, "free", costs_money=False)
    assert settings.load("dev", root=tmp_path, variables={}).costs_money
    assert not settings.load("free", root=tmp_path, variables={}).costs_money


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"region": None}, "'region' must be a text, not null"),
        ({"classes": "bus,tank"}, "'classes' must be a list, not \"bus,tank\""),
        ({"training": {"instance_type": "ml.g5.xlarge"}}, "has no 'volume_size_gb'"),
        ({"training": []}, "'training' must be an object"),
        ({"classes": ["bus", 3]}, "a class of 'classes' must be a text, not 3"),
        ({"access": []}, "'access' must be an object"),
        ({"access": {"profile": 7}}, "'profile' must be a text, not 7"),
        ({"access": {"endpoint_file": ["a"]}}, "'endpoint_file' must be a text"),
        ({"model_pin": None}, "'model_pin' must be a text, not null"),
        ({"costs_money": "no"}, "'costs_money' must be true or false, not \"no\""),
    ],
)
def test_a_value_that_is_missing_or_of_another_type_is_named_with_its_file(tmp_path, changes, said):
    write_environment(tmp_path, "dev", **changes)
    with pytest.raises(SettingsError, match=rf"environment\.json.*{said}"):
        settings.load("dev", root=tmp_path, variables={})


TRAINING = {
    "instance_type": "ml.g5.xlarge",
    "volume_size_gb": 30,
    "max_runtime_seconds": 600,
    "minimum_validation_accuracy": 0.7,
}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"acess": {}}, "takes no acess; it takes: region, classes, training, access, .*\ndid you mean access"),
        ({"access_key_id": "local"}, "takes no access_key_id; it takes: region, classes"),
        (
            {"access": {"access_key_id": "local", "secret_access_key": "hush"}},
            "'access' takes no access_key_id, secret_access_key; it takes: profile, endpoint_file",
        ),
        ({"training": TRAINING | {"epochs": 3}}, "'training' takes no epochs; it takes: instance_type, .*parameters"),
        ({"tuning": {"jobs": 3}}, "'tuning' takes no jobs; it takes: max_jobs, max_parallel_jobs"),
    ],
)
def test_a_name_that_is_unknown_is_refused_with_the_right_ones_and_without_its_value(tmp_path, changes, said):
    write_environment(tmp_path, "dev", **changes)
    with pytest.raises(SettingsError) as refused:
        settings.load("dev", root=tmp_path, variables={})
    assert re.search(rf"environment\.json.*{said}", str(refused.value))
    assert "hush" not in str(refused.value)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([], "'hyperparameters' must be an object"),
        ({"epochs": 30}, "hyperparameter 'epochs' must be a text, not 30"),
    ],
)
def test_hyperparameters_that_sagemaker_would_not_take_are_named(tmp_path, given, said):
    write_environment(tmp_path, "dev", training=TRAINING | {"hyperparameters": given})
    with pytest.raises(SettingsError, match=said):
        settings.load("dev", root=tmp_path, variables={})


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (False, "'pretrained_weights' must be a text, not false"),
        (
            "cifar100",
            "'pretrained_weights' must be one of imagenet, cifar-100, not \"cifar100\"\ndid you mean cifar-100",
        ),
    ],
)
def test_weights_that_no_container_has_are_refused(tmp_path, given, said):
    write_environment(tmp_path, "dev", training=TRAINING | {"pretrained_weights": given})
    with pytest.raises(SettingsError, match=said):
        settings.load("dev", root=tmp_path, variables={})


def test_names_tell_what_belongs_to_an_environment(tmp_path):
    write_environment(tmp_path, "dev")
    environment = settings.load("dev", root=tmp_path, variables={})
    for name in ("scones-dev", "scones-dev-123456789012", "tune-dev-260101-120000-001-0a1b2c3d"):
        assert environment.owns(name)
    for name in ("scones-devel", "scones-devel-1", "scones-prod-1", "other-scones-dev-1", "tune-dev2-1", "scones"):
        assert not environment.owns(name)


def test_a_tuning_job_of_an_environment_with_a_long_name_is_its_own_alone(tmp_path):
    names = ["abcdefghijk", "abcdefghijkl", "abcdefghijkz"]
    for name in names:
        write_environment(tmp_path, name)
    environments = [settings.load(name, root=tmp_path, variables={}) for name in names]
    for started in environments:
        owners = [one.name for one in environments if one.owns(tuning.new_name(started))]
        assert owners == [started.name]


@pytest.mark.parametrize("accuracy", ["0.7", None, True])
def test_a_gate_that_is_no_number_is_found_before_a_job_is_trained(tmp_path, accuracy):
    training = {"instance_type": "ml.g5.xlarge", "volume_size_gb": 30, "max_runtime_seconds": 600}
    write_environment(tmp_path, "dev", training=training | {"minimum_validation_accuracy": accuracy})
    with pytest.raises(SettingsError, match="'minimum_validation_accuracy' must be a number"):
        settings.load("dev", root=tmp_path, variables={})


def test_the_environment_is_the_local_one_unless_named_by_argument_or_variable(tmp_path):
    for name in ("local", "dev"):
        write_environment(tmp_path, name)
    assert settings.load(root=tmp_path, variables={}).name == "local"
    assert settings.load(root=tmp_path, variables={"SCONES_ENV": "dev"}).name == "dev"
    assert settings.load("local", root=tmp_path, variables={"SCONES_ENV": "dev"}).name == "local"


def test_an_unknown_environment_is_refused_with_the_nearest_one(tmp_path):
    write_environment(tmp_path, "prod")
    with pytest.raises(SettingsError, match=r"no environment 'prd'.*prod\n.*--env prod"):
        settings.load("prd", root=tmp_path, variables={})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "is not JSON"),
        ("[]", "must hold a JSON object, not list"),
        ("{}", "'region'"),
        ('{"region": "eu-west-1", "classes": [], "training": {"colour": 1}}', "colour"),
    ],
)
def test_a_broken_environment_file_is_named(tmp_path, text, told):
    folder = write_environment(tmp_path, "dev")
    (folder / "environment.json").write_text(text)
    with pytest.raises(SettingsError) as caught:
        settings.load("dev", root=tmp_path, variables={})
    assert "environment.json" in caught.value.message
    assert told in caught.value.message


def test_a_missing_tfvars_file_is_named(tmp_path):
    (write_environment(tmp_path, "dev") / "service.tfvars.json").unlink()
    with pytest.raises(SettingsError, match=r"service\.tfvars\.json is missing"):
        settings.load("dev", root=tmp_path, variables={})


def test_a_local_cloud_is_found_through_the_file_it_writes(tmp_path):
    write_environment(tmp_path, "local", access={"endpoint_file": "build/local/cloud.json"})
    found = settings.load("local", root=tmp_path, variables={})
    with pytest.raises(LocalCloudError, match=r"not running(.|\n)*invoke local\.up"):
        found.endpoint_url()
    found.cloud_path.parent.mkdir(parents=True)
    found.cloud_path.write_text(json.dumps({"endpoint": "http://127.0.0.1:5999", "pid": os.getpid()}))
    assert found.endpoint_url() == "http://127.0.0.1:5999"


def test_another_build_has_another_cloud_and_pin_and_the_same_downloads(tmp_path):
    write_environment(
        tmp_path, "local", access={"endpoint_file": "build/local/cloud.json"}, model_pin="build/local/pin.json"
    )
    write_environment(tmp_path, "dev")
    usual, other = (
        settings.load("local", root=tmp_path, variables=given) for given in ({}, {"SCONES_BUILD": "build/mine"})
    )
    assert usual.build == usual.downloads == other.downloads == tmp_path / "build"
    assert other.build == tmp_path / "build" / "mine"
    assert other.cloud_path == tmp_path / "build" / "mine" / "local" / "cloud.json"
    assert other.pin_path == tmp_path / "build" / "mine" / "local" / "pin.json"
    on_aws = settings.load("dev", root=tmp_path, variables={"SCONES_BUILD": "build/mine"})
    assert on_aws.pin_path == on_aws.folder / "model.tfvars.json"


def test_an_address_left_behind_by_a_cloud_that_crashed_is_not_used(tmp_path):
    write_environment(tmp_path, "local", access={"endpoint_file": "build/local/cloud.json"})
    found = settings.load("local", root=tmp_path, variables={})
    found.cloud_path.parent.mkdir(parents=True)
    ended = subprocess.Popen(["true"])
    ended.wait()
    found.cloud_path.write_text(json.dumps({"endpoint": "http://127.0.0.1:5999", "pid": ended.pid}))
    with pytest.raises(LocalCloudError, match=r"not running: it has not been started in .*/build/local yet"):
        found.endpoint_url()
    state = found.cloud_path.parent
    database = Database(state / facts.DATABASE)
    facts.begin(database, port=5566, root_secret="secret", now=100.0)
    with pytest.raises(
        LocalCloudError, match=r"its last process crashed or was killed; it was last alive 20(.|\n)*local\.up"
    ):
        found.endpoint_url()
    facts.end(database, now=200.0)
    database.close()
    with pytest.raises(LocalCloudError, match=r"it was ended in order, 19(.|\n)*keeps everything(.|\n)*local\.up"):
        found.endpoint_url()


@pytest.mark.parametrize("name", settings.names())
def test_every_environment_of_the_project_can_be_loaded(name):
    found = settings.load(name, variables={})
    assert len(found.classes) >= 2
    assert 0.5 <= found.service["confidence_threshold"] <= 1


def test_no_environment_of_the_project_has_keys_written_into_it():
    for name in settings.names():
        assert "secret" not in (settings.load(name, variables={}).folder / "environment.json").read_text()


def test_a_local_clouds_keys_are_found_where_it_writes_them_and_never_shown(tmp_path):
    write_environment(tmp_path, "local", access={"endpoint_file": "build/local/cloud.json"})
    found = settings.load("local", root=tmp_path, variables={})
    with pytest.raises(LocalCloudError, match=r"not running(.|\n)*invoke local\.up"):
        found.keys()
    found.cloud_path.parent.mkdir(parents=True)
    keys = {"access_key_id": "local", "secret_access_key": "hush"}
    found.cloud_path.write_text(json.dumps({"endpoint": "http://127.0.0.1:5999", "pid": os.getpid(), **keys}))
    assert found.keys() == settings.Credentials("local", "hush")
    assert "hush" not in str(found.keys())


def test_limits_of_a_tuning_job_are_the_environments_or_the_defaults(tmp_path):
    write_environment(tmp_path, "dev")
    assert settings.load("dev", root=tmp_path, variables={}).tuning == settings.Tuning()
    write_environment(tmp_path, "prod", tuning={"max_jobs": 3, "early_stopping": False})
    found = settings.load("prod", root=tmp_path, variables={}).tuning
    assert (found.max_jobs, found.early_stopping, found.strategy) == (3, False, "Bayesian")


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ([], "'tuning' must be an object"),
        ({"jobs": 3}, "'tuning' takes no jobs"),
        ({"max_jobs": "3"}, "'max_jobs' must be a whole number, not \"3\""),
        ({"max_jobs": True}, "'max_jobs' must be a whole number"),
        ({"max_parallel_jobs": 0}, "'max_parallel_jobs' must be 1 or more, not 0"),
        ({"early_stopping": "Auto"}, "'early_stopping' must be true or false"),
        ({"strategy": "bayesian"}, "'strategy' must be one of Bayesian, Random, Grid"),
    ],
)
def test_limits_of_a_tuning_job_that_cannot_be_used_are_named(tmp_path, given, told):
    write_environment(tmp_path, "dev", tuning=given)
    with pytest.raises(SettingsError) as caught:
        settings.load("dev", root=tmp_path, variables={})
    assert told in caught.value.message
