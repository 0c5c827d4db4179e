"""invoke cost: arithmetic over a dated table, from an environment's own files and what its cloud measured."""

from __future__ import annotations

import io
import json
import shutil
from dataclasses import fields, replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import NoCredentialsError
from invoke import Context, Exit

from scones import settings
from scones.cost import Prices, at_rest, gather, per_thousand, what_if
from scones.cost.usage import Function, Usage, alarm_metrics, configured, hours_a_month, transitions
from scones.errors import InputError, SettingsError
from scones.model.registry import PinnedModel
from scones.service import definition
from scones.tasks import cost as tasks
from scones.terraform.state import Backend

PRICES = Prices.load()
NAMES = definition.functions((settings.ROOT / "asl" / "classify_image.asl.json").read_text())
FUNCTIONS = (Function("classify-image", 512, 0.2), Function("filter", 256, 0.1))
USAGE = Usage("ml.m5.large", 1, FUNCTIONS, transitions=3, alarm_metrics=19)


def cost(lines: list[Any]) -> dict[str, float]:
    return {line.what: round(line.cost, 4) for line in lines}


def test_every_price_is_dated_and_has_a_page_of_awss() -> None:
    date.fromisoformat(PRICES.gathered)
    priced = {name: entry for name, entry in PRICES.entries.items() if isinstance(entry, dict)}
    assert all(entry["source"].startswith("https://aws.amazon.com/") for entry in priced.values())
    values = [entry["price"] for entry in priced.values() if "price" in entry]
    values += [price for entry in priced.values() for price in entry.get("prices", {}).values()]
    assert all(0 < value < 10 for value in values)


def test_a_month_at_rest_is_the_endpoint_and_what_watches_it() -> None:
    assert cost(at_rest(USAGE, PRICES)) == {
        "endpoint: 1 x ml.m5.large": 83.95,  # 730 h at $0.115
        "dashboards": 3.0,
        "metrics that are counted for alarms": 2.7,  # 9 at $0.30
        "metrics that alarms watch": 1.9,  # 19 at $0.10
    }


def test_arrivals_are_long_polling_alarms_events_and_two_functions() -> None:
    arrival = (Function("start-workflow", 128, 0.1), Function("record-result", 128, 0.2))
    on = replace(USAGE, queues=2, arrival=arrival)
    # Five long polls of 20 s for each of two queues: 1,314,000 at $0.40 a million
    assert set(cost(at_rest(on, PRICES)).items()) - set(cost(at_rest(USAGE, PRICES)).items()) == {
        ("long polling of queues by Lambda", 0.5256)
    }
    before = cost(per_thousand(USAGE, PRICES))
    assert {what: usd for what, usd in cost(per_thousand(on, PRICES)).items() if what not in before} == {
        "arrivals: requests of queues": 0.0024,  # 6 an image
        "arrivals: events": 0.003,
        "arrivals: calls of functions": 0.0004,
        "arrivals: functions' time": 0.0005,  # 0.125 GB x 0.3 s
        "arrivals: results written to S3": 0.005,
    }


def test_arrivals_are_counted_where_they_are_on() -> None:
    local = settings.load("local")
    service = {name: value for name, value in local.service.items() if name != "arrival"}
    on, off = (configured(replace(local, service=found)) for found in ({**service, "arrival": {}}, service))
    assert (on.queues, len(on.arrival), on.alarm_metrics - off.alarm_metrics) == (2, 2, 8)
    assert (off.queues, off.arrival) == (0, ())


def test_batches_cost_the_metrics_of_three_alarms() -> None:
    local = settings.load("local")
    service = {name: value for name, value in local.service.items() if name != "batch"}
    on, off = (configured(replace(local, service=found)) for found in ({**service, "batch": {}}, service))
    assert on.alarm_metrics - off.alarm_metrics == 4


def test_a_thousand_images_are_transitions_and_functions() -> None:
    found = cost(per_thousand(USAGE, PRICES))
    assert found["state transitions"] == 0.075  # 3,000 at $0.025 a thousand
    assert found["functions' time"] == 0.0017  # (0.5 GB x 0.2 s + 0.25 GB x 0.1 s) x 1,000 at $0.0000133334
    assert found["calls of functions"] == 0.0004


def test_another_instance_type_and_fewer_hours_change_the_endpoint_alone() -> None:
    other = what_if(USAGE, instance_type="ml.c5.xlarge", instances=2, hours_a_week=84)
    before, after = cost(at_rest(USAGE, PRICES)), cost(at_rest(other, PRICES))
    assert after.pop("endpoint: 2 x ml.c5.xlarge") == pytest.approx(2 * 365 * 0.204)
    before.pop("endpoint: 1 x ml.m5.large")
    assert after == before


def test_a_price_that_the_table_lacks_is_never_guessed() -> None:
    with pytest.raises(InputError, match=r"no price for ml\.p4d\.24xlarge; it has: ml\.t2\.medium") as caught:
        at_rest(what_if(USAGE, instance_type="ml.p4d.24xlarge"), PRICES)
    assert "https://aws.amazon.com/sagemaker/pricing/" in str(caught.value)


@pytest.mark.parametrize("given", [{"instances": 0}, {"hours_a_week": 169}, {"hours_a_week": -1}])
def test_what_no_endpoint_can_have_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        what_if(USAGE, **given)


def test_hours_of_a_schedule_are_those_of_its_days() -> None:
    assert hours_a_month(None) == 730
    assert hours_a_month({"from_utc": 6, "until_utc": 18}) == pytest.approx(60 / 168 * 730)
    assert hours_a_month({"from_utc": 20, "until_utc": 24, "days": ["Sat"]}) == pytest.approx(4 / 168 * 730)


@pytest.mark.parametrize("given", [{"from_utc": 6}, {"from_utc": "six", "until_utc": 18}, ["06:00", "18:00"]])
def test_a_schedule_that_terraform_would_not_take_is_refused_in_words(given: object) -> None:
    with pytest.raises(SettingsError, match=r"endpoint_hours of service\.tfvars\.json cannot be used"):
        hours_a_month(given)


def test_an_execution_that_passes_enters_a_state_of_each_function() -> None:
    machine = json.loads((settings.ROOT / "asl" / "classify_image.asl.json").read_text())
    assert transitions(machine) == len(NAMES)


@pytest.mark.parametrize("name", settings.names())
def test_every_environment_can_be_priced_by_its_files(name: str) -> None:
    usage = configured(settings.load(name, variables={}))
    assert usage.instance_type == "ml.m5.large"
    assert sum(line.cost for line in at_rest(usage, PRICES)) > 80


def test_alarms_are_paid_for_by_the_metrics_they_watch() -> None:
    assert alarm_metrics(answering=1, functions=3) == 20
    assert alarm_metrics(answering=2, functions=3) == 26
    assert alarm_metrics(answering=1, functions=3, silence=False, captures=False) == 16


@pytest.mark.parametrize(("shadow", "answering"), [(False, 2), (True, 1)])
def test_a_candidate_has_instances_and_alarms_of_its_own_and_a_shadow_instances_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shadow: bool, answering: int
) -> None:
    environment = replace(settings.load("dev", variables={}), pin_path=tmp_path / "model.tfvars.json")
    model = {field.name: "" for field in fields(PinnedModel)} | {"class_labels": ["a", "b"], "metrics": {}}
    environment.candidate_path.write_text(json.dumps({"candidate": {"model": model, "share": 10, "shadow": shadow}}))
    usage = configured(environment)
    assert usage.instances == 2
    assert usage.alarm_metrics == alarm_metrics(answering=answering, functions=len(NAMES))


def test_the_functions_memory_is_terraforms(tmp_path: Path) -> None:
    """Another size in the file that Terraform reads is another size here."""
    environment = settings.load("dev", variables={})
    given = {"serialize-image-data": 2048, "classify-image": 512, "filter-low-confidence": 256}
    for folder in ("asl", "terraform/stacks/service"):
        (tmp_path / folder).mkdir(parents=True)
    shutil.copy(environment.root / "asl/classify_image.asl.json", tmp_path / "asl")
    (tmp_path / "terraform/stacks/service/memory_mb.json").write_text(json.dumps(given))
    shutil.copy(environment.root / "terraform/stacks/service/batch.json", tmp_path / "terraform/stacks/service")
    found = configured(replace(environment, root=tmp_path)).functions
    assert {one.name: one.memory_mb for one in found} == given
    text = (environment.root / "asl/classify_image.asl.json").read_text()
    assert {one.name for one in configured(environment).functions} == set(definition.functions(text))


class Cloud:
    """A cloud of an applied environment, whose functions have run four times."""

    def get_object(self, Bucket: str, Key: str) -> Any:
        outputs = {"bucket": "data"} if Key.startswith("foundation") else {"function_names": dict.fromkeys(NAMES, "f")}
        found = {"version": 4, "lineage": "1", "serial": 1, "resources": []}
        found["outputs"] = {name: {"value": value} for name, value in outputs.items()}
        return {"Body": io.BytesIO(json.dumps(found).encode())}

    def get_metric_statistics(self, **_: Any) -> Any:
        return {"Datapoints": [{"Average": 100.0, "SampleCount": 3}, {"Average": 500.0, "SampleCount": 1}]}

    def get_paginator(self, _: str) -> Any:
        return self

    def paginate(self, **_: Any) -> Any:
        return [{"Versions": [{"Size": 2_000_000_000}, {"Size": 500_000_000}]}, {}]


def test_times_are_measured_and_every_version_of_an_object_is_paid_for() -> None:
    """Where the service stack is applied, its cloud says how long functions take and what S3 holds."""
    cloud = Cloud()
    backend = Backend(cloud, "123456789012", "us-east-1", "state")
    usage = gather(settings.load("dev", variables={}), backend=backend, client=lambda *_: cloud)
    assert {function.seconds for function in usage.functions} == {0.2}
    assert (usage.stored_gb, usage.measured, usage.applied) == (2.5, True, True)
    assert cost(at_rest(usage, PRICES))["objects in S3, every version"] == 0.0575


def test_without_credentials_it_says_what_can_be_told_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(environment: Any) -> None:
        raise NoCredentialsError

    monkeypatch.setattr("scones.cost.gather", refuse)
    with pytest.raises(Exit, match=r"environment 'prod' cannot be asked: Unable to locate credentials\n--offline"):
        tasks.cost(Context(), env="prod")


def test_a_batch_of_a_million_images_is_planned_by_each_way(capsys: pytest.CaptureFixture[str]) -> None:
    tasks.cost(Context(), env="dev", images="1000000", offline=True, json=True)
    by_way = {one["how"]: one for one in json.loads(capsys.readouterr().out)["batches"]}
    assert set(by_way) == {"map", "transform"}
    assert all(one["seconds"] > 0 and one["cost"]["usd"] > 0 for one in by_way.values())
    assert all(one["source"].startswith("https://") for way in by_way.values() for one in way["quotas"])
    tasks.cost(Context(), env="dev", images="1000000", offline=True)
    assert "1,000,000 images by transform: about" in capsys.readouterr().out


def test_a_number_of_images_that_is_none_is_refused() -> None:
    with pytest.raises(Exit, match="--images must be a whole number from 1 on, not 'many'"):
        tasks.cost(Context(), env="dev", images="many", offline=True)
