import tomllib

from dermatrain.worth import KINDS, WORDS, insert

MANIFEST = """format = 1

[[operating_points]]
name = "screening"
threshold = 0.03

[[operating_points]]
name = "balanced"
threshold = 0.15

[uncertain]
margin = 0.01
"""


def evaluation(suspicious: float) -> dict:
    of = {kind: {word: suspicious if word == "suspicious" else 0.1 for word in WORDS} for kind in KINDS}
    within = {kind: {word: [0.05, 0.5] for word in WORDS} for kind in KINDS}
    points = ("screening", "balanced")
    return {
        "operating_points": {point: {"shown": of} for point in points},
        "ci95": {"operating_points": {point: {"shown": within} for point in points}},
    }


def test_each_point_gets_its_own_table_and_nothing_else_moves():
    made = tomllib.loads(insert(MANIFEST, evaluation(0.9)))
    before = tomllib.loads(MANIFEST)
    for point, old in zip(made["operating_points"], before["operating_points"], strict=True):
        # An interval that missed its share is widened to hold it.
        assert point.pop("shown")["suspicious"]["malignant"] == [0.9, 0.05, 0.9]
        assert point == old
    assert made["uncertain"] == before["uncertain"]


def test_a_second_time_replaces_the_first():
    once = insert(MANIFEST, evaluation(0.9))
    assert insert(once, evaluation(0.9)) == once
    assert tomllib.loads(insert(once, evaluation(0.4)))["operating_points"][1]["shown"]["suspicious"][
        "benign"
    ] == [0.4, 0.05, 0.5]
