"""A picture teaches what its data set can say, and nothing else."""

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not among the light test requirements")

from dermatrain.batches import Training  # noqa: E402
from dermatrain.dataset import UNKNOWN, Picture  # noqa: E402
from dermatrain.losses import Truth, grouped, loss_of, partners, shares  # noqa: E402
from dermatrain.recipe import Recipe  # noqa: E402
from dermatrain.train import logit_offset, truth_of  # noqa: E402

RECIPE = Recipe(phases=(), label_smoothing=0.0, malignant_share=0.0, dermatoscopic_share=0.0)


def truth(label=UNKNOWN, malignant=UNKNOWN, kind=UNKNOWN, taught=0.0, offset=None) -> Truth:
    return Truth(
        shares([label], 7),
        shares([malignant], 2),
        shares([kind], 2),
        torch.tensor([taught]),
        torch.zeros(1, 7) if offset is None else torch.tensor([offset]),
    )


def slope(what: Truth, recipe=RECIPE, teachers=()) -> np.ndarray:
    """How the loss pulls at each of the eight answers, all of them nought."""
    answers = torch.zeros(1, 8, requires_grad=True)
    loss_of(lambda _: answers, teachers, torch.zeros(1, 3, 4, 4), what, recipe, None).backward()
    return answers.grad[0].numpy()


def test_a_known_class_pulls_its_own_logit_up_and_leaves_the_kind_alone():
    pulled = slope(truth(label=4, malignant=1))
    assert pulled[4] < 0 and (np.delete(pulled[:7], 4) > 0).all() and pulled[7] == 0


def test_malignant_alone_pulls_all_malignant_classes_up_alike():
    pulled = slope(truth(malignant=1))
    assert np.allclose(pulled[[0, 1, 4]], pulled[0]) and pulled[0] < 0
    assert np.allclose(pulled[[2, 3, 5, 6]], pulled[2]) and pulled[2] > 0


def test_a_close_up_teaches_only_that_it_is_none():
    pulled = slope(truth(kind=0), replace(RECIPE, dermatoscopic_share=0.5))
    assert pulled[7] > 0 and not pulled[:7].any()


def test_the_groups_are_as_likely_as_their_classes_together():
    logits = torch.randn(5, 7, generator=torch.Generator().manual_seed(0))
    p = logits.softmax(1)
    assert torch.allclose(grouped(logits).softmax(1)[:, 1], p[:, [0, 1, 4]].sum(1), atol=1e-6)


def test_an_adjusted_loss_asks_less_of_the_logits_of_frequent_classes():
    frequent = truth(label=5, offset=[0.0] * 5 + [2.0, 0.0])
    rare = truth(label=0, offset=[0.0] * 5 + [2.0, 0.0])
    flat = torch.zeros(1, 8)
    costs = [loss_of(lambda _: flat, (), flat, t, RECIPE, None) for t in (frequent, rare)]
    assert np.isclose(float(costs[1] - costs[0]), 2.0, atol=1e-5)


def test_a_teacher_is_asked_only_about_what_it_knows():
    def teacher(x):
        return torch.tensor([[0.0, 0, 0, 0, 0, 0, 9.0, 0]]).repeat(len(x), 1)

    recipe = replace(RECIPE, teacher_share=1.0)
    assert slope(truth(label=4, taught=1.0), recipe, [teacher])[6] < 0
    assert slope(truth(label=4, taught=0.0), recipe, [teacher])[4] < 0


def test_pictures_are_mixed_with_such_as_the_teacher_knows_too_or_does_not_too():
    known = torch.tensor([1.0, 0, 1, 0, 0, 1, 1, 0])
    order = partners(known, np.random.default_rng(0))
    assert sorted(order.tolist()) == list(range(8)) and torch.equal(known[order], known)


def test_mixed_pictures_have_mixed_truths():
    both = Truth(*(torch.cat(pair) for pair in zip(fields_of(truth(label=4)), fields_of(truth()))))
    mixed = both.mixed(torch.tensor([1, 0]), 0.75)
    assert np.isclose(float(mixed.classes[0, 4]), 0.75) and np.isclose(float(mixed.classes[1, 4]), 0.25)


def fields_of(t: Truth):
    return t.classes, t.malignant, t.kind, t.taught, t.offset


def training(rows):
    return Training({}, rows, np.arange(len(rows)), np.ones(len(rows)) / len(rows))


def test_what_is_frequent_is_told_by_data_set_where_these_have_shares():
    rows = [Picture("ham10000", "a", 5, "train", "a")] * 3 + [Picture("ham10000", "b", 1, "train", "b")]
    rows += [Picture("milk10k", "c", 1, "train", "c")] * 3 + [Picture("milk10k", "d", 5, "train", "d")]
    recipe = Recipe(phases=(), logit_adjustment=1.0, shares={"ham10000": 1, "milk10k": 1})
    offset = logit_offset(training(rows), recipe)
    assert np.allclose(np.exp(offset[0, [1, 5]]), [0.25, 0.75])
    assert np.allclose(np.exp(offset[4, [1, 5]]), [0.75, 0.25])
    together = logit_offset(training(rows), replace(recipe, shares={}))
    assert np.allclose(np.exp(together[:, [1, 5]]), 0.5)


def test_a_close_up_of_a_melanoma_is_no_melanoma_to_the_network():
    rows = [
        Picture("closeups", "a", UNKNOWN, "train", "a", malignant=1, dermatoscopic=False),
        Picture("milk10k", "b", UNKNOWN, "train", "b", malignant=1),
    ]
    told = truth_of(training(rows), RECIPE)
    assert told.malignant.tolist() == [[0, 0], [0, 1]] and told.kind.tolist() == [[1, 0], [0, 1]]
    assert not told.classes.any() and not told.taught.any()
