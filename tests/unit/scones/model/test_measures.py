import numpy as np
import pytest

from scones.model.measures import (
    THRESHOLDS,
    ClassScore,
    Coverage,
    confusion,
    coverage,
    expected_calibration_error,
    passing,
    risk_coverage,
    scores,
    smallest_threshold,
    wilson,
)

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


def test_the_calibration_error_by_hand():
    """Two bins of (0.5, 1]: |0.5 - 0.625| on two answers in (0.6, 0.7), |1 - 0.95| on two in (0.9, 1]."""
    probabilities = np.array([[0.62, 0.38], [0.37, 0.63], [0.92, 0.08], [0.02, 0.98]])
    labels = np.array([0, 0, 0, 1])
    assert expected_calibration_error(probabilities, labels, bins=10) == pytest.approx((2 * 0.125 + 2 * 0.05) / 4)


def test_a_confidence_on_the_edge_of_a_bin_belongs_to_the_lower_one():
    """Guo et al.: bin m is ((m - 1) / M, m / M]. In separate bins, the two answers would be off by 0.75 and 0.5."""
    probabilities = np.array([[0.75, 0.25], [0.50, 0.50], [0.74, 0.26]])
    labels = np.array([1, 0, 0])
    assert expected_calibration_error(probabilities, labels, bins=4) == pytest.approx((0.5 + abs(1 - 1.49)) / 3)


@pytest.mark.parametrize("classes", [2, 10])
def test_the_calibration_error_is_that_of_the_definition_done_slowly(classes):
    random = np.random.default_rng(classes)
    probabilities = random.dirichlet(np.full(classes, 0.4), 400).astype(np.float32)
    labels = random.integers(0, classes, 400)
    total = 0.0
    for number in range(15):
        members = [
            (float(row.max()), int(row.argmax()) == label)
            for row, label in zip(probabilities, labels, strict=True)
            if number / 15 < float(row.max()) <= (number + 1) / 15
        ]
        if members:
            sure, right = (sum(column) / len(members) for column in zip(*members, strict=True))
            total += len(members) / 400 * abs(right - sure)
    assert expected_calibration_error(probabilities, labels) == pytest.approx(total, abs=1e-9)


def test_risk_and_coverage_by_hand():
    curve = risk_coverage(np.array([0.8, 0.5, 0.8, 1.0]), np.array([True, False, False, True]))
    assert curve.thresholds.tolist() == [1.0, 0.8, 0.5]
    assert curve.coverage.tolist() == [0.25, 0.75, 1.0]
    assert curve.risk.tolist() == [0.0, pytest.approx(1 / 3), 0.5]


SURE = np.array([0.5134, 0.6049, 0.8134, 0.8871, 0.9402, 0.9403])
RIGHT = np.array([False, True, False, True, True, True])


@pytest.mark.parametrize(
    ("target", "threshold", "answered"),
    [(0.5, 0.5, 6), (0.8, 0.6, 5), (0.81, 0.88, 3), (1.0, 0.88, 3)],
)
def test_the_smallest_threshold_answers_most_images_and_is_short_to_write(target, threshold, answered):
    found = smallest_threshold(SURE, RIGHT, target)
    assert (found.threshold, found.answered) == (threshold, answered)
    assert found.accuracy >= target


def test_a_threshold_has_as_many_decimals_as_it_takes():
    assert smallest_threshold(SURE, np.array([True] * 4 + [False, True]), 1.0).threshold == 0.9403


def test_a_target_that_no_threshold_reaches_has_none():
    assert smallest_threshold(np.array([0.9, 0.8]), np.array([False, True]), 0.6) is None


@pytest.mark.parametrize("seed", range(20))
def test_no_other_threshold_answers_more_with_the_target_s_accuracy(seed):
    random = np.random.default_rng(seed)
    confidences = random.beta(5, 1, 60).astype(np.float32)
    right = random.random(60) < confidences
    found = smallest_threshold(confidences, right, 0.9)
    every = [one for one in coverage(confidences, right, confidences) if one.accuracy >= 0.9]
    assert (found.answered if found else 0) == max((one.answered for one in every), default=0)
    assert found is None or found.accuracy >= 0.9


def test_what_a_threshold_reaches_comes_with_wilson_s_interval():
    assert Coverage(0.9, 29, 0.5, 28 / 29).interval == wilson(28, 29)
    assert Coverage(0.99, 0, 0.0, None).interval is None


# Three images of wanted classes, and three of anything else. The third and the fourth are taken for the wrong thing.
CHANCES = np.array(
    [[0.9, 0.05, 0.05], [0.2, 0.7, 0.1], [0.2, 0.2, 0.6], [0.8, 0.1, 0.1], [0.1, 0.1, 0.8], [0.05, 0.05, 0.9]]
)
TRUTH = np.array([0, 1, 1, 2, 2, 2])


def test_other_passes_with_no_threshold_and_foreign_images_are_counted_for_themselves():
    confidences, right = passing(CHANCES, 2), CHANCES.argmax(axis=1) == TRUTH
    assert confidences.tolist() == [0.9, 0.7, -np.inf, 0.8, -np.inf, -np.inf]
    assert coverage(confidences, right, [0.0, 0.75], foreign=TRUTH == 2) == [
        Coverage(0.0, 3, pytest.approx(2 / 3), pytest.approx(2 / 3), pytest.approx(1 / 3)),
        Coverage(0.75, 2, pytest.approx(1 / 3), 0.5, pytest.approx(1 / 3)),
    ]


def test_the_curve_ends_with_the_last_answer_that_can_pass():
    confidences, right = passing(CHANCES, 2), CHANCES.argmax(axis=1) == TRUTH
    curve = risk_coverage(confidences, right, TRUTH == 2)
    assert curve.thresholds.tolist() == [0.9, 0.8, 0.7]
    assert curve.coverage.tolist() == pytest.approx([1 / 3, 1 / 3, 2 / 3])
    assert curve.risk.tolist() == pytest.approx([0, 1 / 2, 1 / 3])
    assert (curve.answered.tolist(), curve.foreign.tolist()) == ([1, 2, 3], pytest.approx([0, 1 / 3, 1 / 3]))
    found = smallest_threshold(confidences, right, 1.0, TRUTH == 2)
    assert (found.threshold, found.foreign) == (0.9, 0.0)


def test_a_model_that_takes_all_for_other_has_no_threshold():
    nothing = np.full(4, -np.inf)
    assert len(risk_coverage(nothing, np.ones(4, bool), np.ones(4, bool)).thresholds) == 0
    assert smallest_threshold(nothing, np.ones(4, bool), 0.5, np.ones(4, bool)) is None
