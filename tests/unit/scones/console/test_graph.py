"""Definitions as graphs."""

import json

from scones import settings
from scones.console.graph import of


def test_the_projects_own_workflow_has_all_its_states_and_ways():
    definition = json.loads((settings.ROOT / "asl" / "classify_image.asl.json").read_text())
    graph = of(definition)
    assert {box.name for box in graph.boxes} == set(definition["States"])
    known = {box.name for box in graph.boxes} | {"", "*"}
    assert {end for way in graph.ways for end in (way.start, way.end)} <= known
    assert any(way.caught and way.label == "States.ALL" for way in graph.ways)


def test_states_inside_of_map_and_parallel_states_know_where_they_are():
    inner = {"StartAt": "In", "States": {"In": {"Type": "Pass", "End": True}}}
    branch = {"StartAt": "Left", "States": {"Left": {"Type": "Succeed"}}}
    graph = of(
        {
            "StartAt": "Each",
            "States": {
                "Each": {"Type": "Map", "ItemProcessor": inner, "Next": "Both"},
                "Both": {"Type": "Parallel", "Branches": [branch], "End": True},
            },
        }
    )
    assert {box.name: box.inside for box in graph.boxes} == {
        "Each": None,
        "In": "Each",
        "Both": None,
        "Left": "Both",
    }
    assert [(way.start, way.end) for way in graph.ways] == [("", "Each"), ("Each", "Both"), ("Both", "*")]


def test_a_condition_in_jsonata_is_its_label():
    choice = {"Type": "Choice", "Choices": [{"Condition": "{% $states.input.a > 1 %}", "Next": "B"}], "Default": "B"}
    graph = of({"StartAt": "A", "States": {"A": choice, "B": {"Type": "Succeed"}}})
    assert [way.label for way in graph.ways if way.start == "A"] == ["{% $states.input.a > 1 %}", "default"]
