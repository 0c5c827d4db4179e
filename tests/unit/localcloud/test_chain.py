"""The trace header goes from what asks to what is done, and counts in parts of its own."""

from __future__ import annotations

from flask import Flask

from localcloud import chain

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:f"


def test_the_header_is_that_of_the_event_that_is_carried_or_of_the_request() -> None:
    assert chain.current() is None
    with Flask("localcloud").test_request_context(headers={"X-Amzn-Trace-Id": "Root=1-request"}):
        assert chain.current() == "Root=1-request"
        with chain.carrying("Root=1-event"):
            assert chain.current() == "Root=1-event"
            with chain.carrying(None):
                assert chain.current() == "Root=1-request"
        assert chain.current() == "Root=1-request"


def test_both_parts_count_on_their_own_and_one_is_taken_away_without_the_other() -> None:
    header: str | None = None
    for number in range(3):
        header, before = chain.counted(header, chain.LINEAGE, FUNCTION)
        assert before == number
    assert header is not None
    header, before = chain.counted(header, chain.CIRCLE, FUNCTION)
    assert (before, chain.number(header, chain.LINEAGE, FUNCTION)) == (0, 3)
    left = chain.without(header, chain.LINEAGE)
    assert left is not None
    assert left.startswith("Root=1-")
    assert (chain.number(left, chain.LINEAGE, FUNCTION), chain.number(left, chain.CIRCLE, FUNCTION)) == (0, 1)


def test_what_is_no_count_counts_nothing() -> None:
    for header in ("", "Root=1", "Lineage=", "Root=1;Lineage=zzzzzzzz:x", "Lineage=0:1"):
        assert chain.counted(header, chain.LINEAGE, FUNCTION)[1] == 0
    assert chain.without("Lineage=aaaaaaaa:1", chain.LINEAGE) is None
    assert chain.joined([None, ""], chain.LINEAGE) is None
