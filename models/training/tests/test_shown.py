"""What is told by data set is what the screen shows there."""

import numpy as np
import pytest

pytest.importorskip("onnxruntime", reason="onnxruntime is not among the light test requirements")

from dermatrain import shown  # noqa: E402
from dermatrain.dataset import UNKNOWN, Picture  # noqa: E402
from dermatrain.parts import Part, divided  # noqa: E402

FACTS = {
    "calibration": {"temperature": 1.0, "class_offsets": [0.0] * 7, "prevalence": 0.2},
    "operating_points": [{"name": "screening", "threshold": 0.2}],
    "uncertain": {"min_top": 0.5, "margin": 0.1},
    "out_of_distribution": {"threshold": 4.0},
    "not_dermatoscopic": {"value": 2, "threshold": 0.0},
}


def part(count: int, **columns) -> Part:
    given = {"label": [4] * count, "malignant": [1] * count} | columns
    rows = [
        Picture("milk10k", f"{i}", split="val", group_id=f"{i}", **{k: v[i] for k, v in given.items()})
        for i in range(count)
    ]
    return Part("milk10k", np.zeros((count, 4, 4, 3), np.uint8), list(range(count)), rows)


def out(scores, embedding) -> dict:
    """Answers with these probabilities of melanoma; the rest is a naevus."""
    scores = np.asarray(scores)
    logits = np.full((len(scores), 7), -30.0)
    logits[:, 4], logits[:, 5] = np.log(scores), np.log1p(-scores)
    return {"logits": logits, "embedding": np.asarray(embedding, float)}


ORDINARY = [0.0, 0.0, -1.0]


def test_the_value_that_says_not_dermatoscopic_is_no_part_of_the_strangeness():
    strangeness, apart = shown.values(np.array([[1.0, 2.0, 9.0]]), FACTS)
    assert strangeness.tolist() == [5.0] and apart.tolist() == [9.0]


def test_each_word_is_counted_among_the_malignant_and_among_the_benign():
    told = out([0.9, 0.15, 0.05, 0.9, 0.9, 0.05], [ORDINARY] * 3 + [[0, 0, 1], [2, 1, -1], ORDINARY])
    found = shown.figures(part(6, malignant=[1] * 5 + [0], label=[4] * 5 + [5]), told, FACTS)
    assert found["malignant"] == pytest.approx(
        {"suspicious": 0.2, "uncertain": 0.2, "retake": 0.4, "not_suspicious": 0.2}
    )
    assert found["benign"]["not_suspicious"] == 1
    assert found["retake"] == pytest.approx(2 / 6)
    assert found["strange"] == found["not_dermatoscopic"] == pytest.approx(1 / 6)


def test_lesions_without_a_class_count_as_malignant_and_not_as_misread():
    told = out([0.9, 0.9], [ORDINARY] * 2)
    found = shown.figures(part(2, label=[4, UNKNOWN]), told, FACTS)
    assert found["accuracy"] == 1 and found["n_malignant"] == 2
    groups = {(r["by"], r["group"]): r["n"] for r in shown.by_group(part(20, label=[UNKNOWN] * 20), out([0.9] * 20, [ORDINARY] * 20), FACTS)}
    assert groups["outside the seven", "malignant"] == 20


def test_small_groups_are_not_told():
    tones = ["1"] * 3 + ["4"] * 12
    rows = shown.by_group(part(15, skin_tone=tones), out([0.9] * 15, [ORDINARY] * 15), FACTS)
    assert [r["group"] for r in rows if r["by"].startswith("skin tone")] == ["4"]


def test_outputs_are_divided_as_they_were_joined():
    whole = np.arange(7)
    assert [d.tolist() for d in divided(whole, [part(3), part(4)])] == [[0, 1, 2], [3, 4, 5, 6]]


def test_some_of_a_part_keep_their_rows():
    few = part(9).some(4, np.random.default_rng(0))
    assert len(few.rows) == 4 and [few.rows[i].image_id for i in range(4)] == [f"{p}" for p in few.places]
