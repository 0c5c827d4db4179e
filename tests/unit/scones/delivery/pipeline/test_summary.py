"""The summary of a plan, as a reviewer reads it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from scones.delivery.pipeline import changes, summary
from scones.delivery.pipeline.changes import Change
from scones.delivery.pipeline.promotion import Promotion
from scones.delivery.pipeline.saved import Saved
from scones.delivery.pipeline.summary import SummaryPart

from .samples import model

SAVED = Saved("service", "dev", "1" * 40, "2" * 40, "Terraform 1.11.4", changes=True)


def resource(address: str, *actions: str, **more: Any) -> dict[str, Any]:
    return {"address": address, "change": {"actions": list(actions), **more}}


def test_what_is_lost_comes_first_and_what_stays_is_left_out() -> None:
    plan = {
        "resource_changes": [
            resource("a.new", "create"),
            resource("b.same", "no-op"),
            resource("c.read", "read"),
            resource("d.gone", "delete"),
            resource("e.anew", "create", "delete", before={"name": 1}, after={"name": 2}, replace_paths=[["name"]]),
            resource("f.taken", "no-op", importing={"id": "f"}),
        ]
    }
    assert changes.changes(plan) == (
        Change("destroy", "d.gone"),
        Change("replace", "e.anew", ("name",)),
        Change("create", "a.new"),
        Change("import", "f.taken"),
    )


def test_arguments_are_named_and_their_values_are_not() -> None:
    plan = {
        "resource_changes": [
            resource(
                "a.b",
                "update",
                before={"password": "old secret", "same": 1, "version": 1},
                after={"password": "new secret", "same": 1},
                after_unknown={"version": True},
            )
        ]
    }
    assert [str(one) for one in changes.changes(plan)] == ["update a.b (password)"]


def test_what_is_only_read_as_empty_is_no_drift() -> None:
    before, after = {"tags": None, "box": [{"a": 1, "b": ""}]}, {"tags": {}, "box": [{"a": 1, "b": None, "c": []}]}
    plan = {
        "resource_drift": [
            resource("a.same", "update", before=before, after=after),
            resource("b.changed", "update", before=before, after={**after, "box": [{"a": 0}]}),
            resource("c.gone", "delete", before=before),
        ]
    }
    assert changes.drift(plan) == (Change("destroy", "c.gone"), Change("update", "b.changed", ("box",)))


def test_outputs_that_change_are_named() -> None:
    plan = {"output_changes": {"new": {"actions": ["create"]}, "same": {"actions": ["no-op"]}}}
    assert changes.outputs(plan) == ("new",)


def test_a_page_names_what_is_destroyed_and_the_digest() -> None:
    found = (Change("destroy", "aws_s3_bucket.this"), Change("create", "aws_sns_topic.this"))
    page = summary.plan_page("dev", [SummaryPart(SAVED, found, ("bucket",), words="- bucket")], digest="d" * 64)
    assert "- **service**: 1 to destroy, 1 to create, outputs bucket" in page
    assert "⚠️ **1 resources are destroyed or replaced:**\n\n- destroy `aws_s3_bucket.this`\n" in page
    assert f"`{'d' * 64}`" in page


def test_a_page_that_changes_nothing_is_short() -> None:
    page = summary.plan_page("dev", [SummaryPart(replace(SAVED, changes=False))], digest="d" * 64)
    assert "- **service**: no changes" in page
    assert "<details>" not in page


def test_a_change_that_terraform_does_not_see_is_said() -> None:
    words = "An interrupted apply has left the endpoint between two changes of its variants."
    page = summary.plan_page("dev", [SummaryPart(SAVED, words=words)], digest="d" * 64)
    assert "- **service**: the endpoint's variants" in page
    assert words in page


def test_words_cannot_leave_their_fence() -> None:
    words = "before\n```\n## not a heading\n````\n"
    page = summary.plan_page("dev", [SummaryPart(SAVED, (Change("create", "a.b"),), words=words)], digest="d")
    assert f"\n`````\n{words.strip()}\n`````\n" in page


def test_two_pages_fit_into_a_comment() -> None:
    many = tuple(Change("create", f"module.a[{number}].aws_iam_role.this") for number in range(1000))
    parts = [SummaryPart(SAVED, many, words="x" * 200_000)] * 2
    page = summary.plan_page("dev", parts, digest="d")
    assert len(page) < 32_000
    assert "- and 960 more" in page
    assert "more characters, in the job's log" in page


def test_a_promotion_shows_accuracy_before_and_after() -> None:
    page = Promotion(model(3, 0.87), model(4, 0.89)).markdown()
    assert "**Model: version 3 → 4**" in page
    assert "| `validation:accuracy` | 0.8700 | 0.8900 | +0.0200 |" in page
    assert "⚠️" not in page


def test_a_worse_model_is_marked() -> None:
    promotion = Promotion(model(4, 0.89), model(3, 0.87))
    assert promotion.is_worse
    page = promotion.markdown()
    assert "**Model: version 4 rolled back to 3**" in page
    assert "| `validation:accuracy` | 0.8900 | 0.8700 | -0.0200 |" in page
    assert "**The validation accuracy falls.**" in page


def test_figures_of_another_data_set_and_other_classes_are_marked() -> None:
    page = Promotion(
        model(3, 0.8), model(4, 0.9, dataset_fingerprint="d" * 64, class_labels=("bus", "tr|am"))
    ).markdown()
    assert "compare only roughly" in page
    assert "**The classes differ" in page
    assert "`bus`, `tr\\|am`" in page


def test_the_first_model_has_nothing_before_it() -> None:
    page = Promotion(None, model(1, 0.9)).markdown()
    assert "**Model: version 1, the first**" in page
    assert "| `validation:accuracy` |  | 0.9000 |  |" in page


@pytest.mark.parametrize("metrics", [{}, {"train:accuracy": 0.9}])
def test_a_model_without_the_accuracy_is_not_called_worse(metrics: dict[str, float]) -> None:
    assert not Promotion(model(3, 0.87), model(4, 0, metrics=metrics)).is_worse
