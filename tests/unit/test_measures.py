import numpy as np
import pytest

from scones.measures import THRESHOLDS, ClassScore, Coverage, confusion, coverage, scores, wilson

# Three classes, ten images, by hand:  truth 0 0 0 0 1 1 1 2 2 2
LABELS = np.array([0, 0, 0, 0, 1, 1, 1, 2, 2, 2])
ANSWERS = np.array([0, 0, 1, 0, 1, 1, 0, 2, 1, 1])


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_the_interval_agrees_with_published_values(successes, trials, low, high):
    """R. G. Newcombe, Statistics in Medicine 17 (1998), table I, method 3."""
    assert wilson(successes, trials) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


@pytest.mark.parametrize(("successes", "trials"), [(183, 200), (3, 7), (999, 1000), (1, 2)])
def test_the_ends_of_the_interval_are_where_the_score_test_just_rejects(successes, trials):
    """The definition: |p̂ - p| = z √(p (1 - p) / n) at both ends."""
    for end in wilson(successes, trials, z=1.96):
        assert abs(successes / trials - end) == pytest.approx(1.96 * (end * (1 - end) / trials) ** 0.5, rel=1e-9)


def test_the_interval_stays_within_zero_and_one():
    for successes, trials in ((0, 1), (1, 1), (0, 200), (200, 200), (1, 10**9), (10**9, 10**9)):
        low, high = wilson(successes, trials)
        assert 0 <= low <= successes / trials <= high <= 1


def test_rows_of_the_confusion_matrix_are_the_truth():
    assert confusion(LABELS, ANSWERS, 3).tolist() == [[3, 1, 0], [1, 2, 0], [0, 2, 1]]


def test_precision_and_recall_by_hand():
    assert scores(confusion(LABELS, ANSWERS, 3), ("a", "b", "c")) == [
        ClassScore("a", images=4, predicted=4, precision=0.75, recall=0.75),
        ClassScore("b", images=3, predicted=5, precision=0.4, recall=pytest.approx(2 / 3)),
        ClassScore("c", images=3, predicted=1, precision=1.0, recall=pytest.approx(1 / 3)),
    ]


def test_what_is_undefined_is_none_and_not_zero():
    matrix = confusion(np.array([0, 0]), np.array([0, 0]), 3)
    assert scores(matrix, ("a", "b", "c"))[1] == ClassScore("b", 0, 0, None, None)


def test_a_threshold_answers_what_is_at_or_above_it():
    confidences = np.array([0.5, 0.8, 0.8, 0.95, 1.0])
    right = np.array([False, False, True, True, True])
    assert coverage(confidences, right, [0.5, 0.8, 0.9, 1.0]) == [
        Coverage(0.5, 5, 1.0, 0.6),
        Coverage(0.8, 4, 0.8, 0.75),
        Coverage(0.9, 2, 0.4, 1.0),
        Coverage(1.0, 1, 0.2, 1.0),
    ]


def test_a_threshold_that_nothing_reaches_has_no_accuracy():
    assert coverage(np.array([0.6]), np.array([True]), [0.99]) == [Coverage(0.99, 0, 0.0, None)]


def test_thresholds_go_from_a_half_to_nearly_certain():
    assert (THRESHOLDS[0], THRESHOLDS[-1]) == (0.5, 0.99)
    assert sorted(THRESHOLDS) == list(THRESHOLDS)
