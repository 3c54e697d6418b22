"""Sampling draws what its weights say, and repeats under a seed."""

import numpy as np

from dermatrain.batches import Training, batches, class_weights, systematic, weights_by_source
from dermatrain.dataset import UNKNOWN, Picture
from dermatrain.recipe import Phase, Recipe


def test_power_zero_draws_pictures_alike_and_minus_one_draws_classes_alike():
    labels = np.array([0] * 90 + [1] * 10)
    trust = np.ones(100)
    alike = class_weights(labels, trust, 0.0)
    assert np.isclose(alike[labels == 1].sum(), 0.1)
    even = class_weights(labels, trust, -1.0)
    assert np.isclose(even[labels == 1].sum(), 0.5)


def test_a_data_set_of_half_weight_is_drawn_half_as_often():
    weights = class_weights(np.zeros(20, int), np.array([1.0] * 10 + [0.5] * 10), -0.6)
    assert np.isclose(weights[10:].sum() / weights[:10].sum(), 0.5)


def drawn_as(source, label, group, malignant=0):
    return Picture(source, f"{source}{group}", label, "train", group, malignant=malignant)


def test_a_data_set_has_its_share_however_many_pictures_it_holds():
    rows = [drawn_as("ham10000", 5, f"h{i}") for i in range(90)]
    rows += [drawn_as("milk10k", 1, f"m{i}", 1) for i in range(10)]
    recipe = Recipe(phases=(), shares={"ham10000": 0.3, "milk10k": 0.1})
    weights = weights_by_source(rows, recipe)
    assert np.isclose(weights.sum(), 1) and np.isclose(weights[90:].sum(), 0.25)


def test_the_pictures_of_one_lesion_are_drawn_less_often_each_and_more_often_together():
    rows = [drawn_as("ham10000", 5, "one")] + [drawn_as("ham10000", 5, "four")] * 4
    weights = weights_by_source(rows, Recipe(phases=(), shares={"ham10000": 1.0}))
    assert np.isclose(weights[1:].sum() / weights[0], 2.0)


def test_pictures_without_a_class_are_drawn_as_two_classes_more():
    rows = [drawn_as("milk10k", 1, f"b{i}", 1) for i in range(80)]
    rows += [drawn_as("milk10k", UNKNOWN, f"s{i}", 1) for i in range(15)]
    rows += [drawn_as("milk10k", UNKNOWN, f"o{i}", 0) for i in range(5)]
    weights = weights_by_source(rows, Recipe(phases=(), shares={"milk10k": 1}, sampling_power=-1))
    assert np.allclose([weights[:80].sum(), weights[80:95].sum(), weights[95:].sum()], 1 / 3)


def test_systematic_draws_stay_within_one_of_their_expectation():
    weights = np.random.default_rng(0).random(50)
    weights /= weights.sum()
    drawn = np.bincount(systematic(weights, 400, np.random.default_rng(1)), minlength=50)
    assert drawn.sum() == 400
    assert np.abs(drawn - 400 * weights).max() <= 1


def tiny():
    pixels = np.random.default_rng(0).integers(0, 256, (12, 24, 24, 3), dtype=np.uint8)
    rows = [Picture("ham10000", f"{i}", i % 7, "train", f"{i}") for i in range(12)]
    return Training({"ham10000": pixels}, rows, np.arange(12), np.ones(12) / 12)


def test_batches_have_the_size_and_number_asked_for_and_repeat():
    phase = Phase(size=16, epochs=1)
    recipe = Recipe(phases=(phase,), batch=4, epoch_pictures=24, workers=2)
    first, again = (list(batches(tiny(), recipe, phase, 0)) for _ in range(2))
    assert len(first) == 6 and first[0][0].shape == (4, 3, 16, 16)
    assert all(np.array_equal(a, b) for (a, _), (b, _) in zip(first, again))
    other = next(batches(tiny(), recipe, phase, 1))[0]
    assert not np.array_equal(first[0][0], other)
