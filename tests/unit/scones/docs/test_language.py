"""The page on the Amazon States Language names a case for each field, and what is refused."""

import json

from scones.docs import language
from scones.settings import ROOT

CASES = json.loads((ROOT / language.CASES).read_text())


def test_every_field_has_a_case_in_each_query_language_that_has_it():
    assert sorted(language.known() - language.covered(CASES).keys()) == []


def test_a_field_without_a_case_is_seen():
    name = "a Wait in JSONata computes its seconds, and then its moment"
    fewer = {other: case for other, case in CASES.items() if other != name}
    missing = language.known() - language.covered(fewer).keys()
    assert ("Wait", "JSONata", "Seconds") in missing
    assert ("Wait", "JSONPath", "Seconds") not in missing


def test_a_state_may_have_another_query_language_than_its_machine():
    state = {"Type": "Pass", "QueryLanguage": "JSONata", "Output": 1, "End": True}
    used = language.used({"StartAt": "A", "States": {"A": state}})
    assert ("Pass", "JSONata", "Output") in used
    assert ("State machine", "JSONPath", "StartAt") in used


def test_the_page_names_a_fields_case_and_what_is_refused():
    page = language.page(ROOT)
    assert "| `SecondsPath` | a Wait takes its seconds from a path |  |" in page
    assert "| `Items` |  | a Map in JSONata works on each item |" in page
    for name in ("dynamodb", "PARQUET", "`startExecution` (`.sync`, `.sync:2`, `.waitForTaskToken`)"):
        assert name in page
    assert "no case" not in page
