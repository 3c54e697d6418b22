"""The training loop: phases, cosine rate, moving average, a checkpoint an epoch."""

import copy
import json
import math
import time
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from . import metrics
from .batches import Training, batches, load_training
from .classes import CLASSES
from .dataset import SOURCES, UNKNOWN, Picture, has, load
from .geometry import normalise
from .losses import Truth, loss_of, shares
from .network import Lesion, fused, load_average, load_imagenet, load_mean
from .progress import progress
from .recipe import SIDE, Recipe
from .rounded import Rounded
from .unfold import load_shipped

RANGE_BATCHES = 4  # from which the ranges of rounded activations are taken


def device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def quick_in_bfloat16() -> bool:
    """Whether the processor multiplies bfloat16 itself; others only imitate it."""
    return torch.cuda.is_available() or torch.cpu._is_avx512_bf16_supported()


def to_device(pictures: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(pictures).to(device()).contiguous(memory_format=torch.channels_last)


def fresh(recipe: Recipe, training: Training) -> Lesion:
    options = {"dropout": recipe.dropout, "drop_path": recipe.drop_path}
    if recipe.start:
        model = known(recipe.start, recipe, training, **options)
    else:
        model = Lesion(recipe.variant, **options)
        load_imagenet(model)
    return model.to(device(), memory_format=torch.channels_last)


def known(path: str | list[str], recipe: Recipe, training: Training, **options) -> Lesion:
    """A network trained before: a checkpoint's averaged one, several ones' mean, or that of a
    shipped file."""
    if isinstance(path, list):
        return load_mean(path, **options)
    if not path.endswith(".onnx"):
        return load_average(path, **options)
    pictures = next(batches(training, recipe, recipe.phases[-1], 0))[0]
    return load_shipped(path, torch.from_numpy(pictures), **options)


def optimiser(model: Lesion, recipe: Recipe) -> torch.optim.Optimizer:
    """Biases and normalisation are not decayed; the head learns faster."""
    head = set(model.head.parameters())
    decayed = [p for p in model.trunk.parameters() if p.ndim > 1]
    plain = [p for p in model.trunk.parameters() if p.ndim <= 1]
    groups = [
        {"params": decayed, "weight_decay": recipe.weight_decay, "scale": 1.0},
        {"params": plain, "weight_decay": 0.0, "scale": 1.0},
        {"params": list(head), "weight_decay": recipe.weight_decay, "scale": recipe.head_rate},
    ]
    return torch.optim.AdamW(groups, lr=recipe.learning_rate)


def set_rate(optimizer, recipe: Recipe, step: int, total: int) -> None:
    warm = min(1.0, (step + 1) / max(1, recipe.warmup_steps))
    cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, step / total)))
    for group in optimizer.param_groups:
        group["lr"] = recipe.learning_rate * group["scale"] * warm * max(cosine, 0.01)


def update_average(average: Lesion, model: Lesion, decay: float) -> None:
    with torch.no_grad():
        for a, m in zip(average.state_dict().values(), model.state_dict().values()):
            if a.dtype.is_floating_point:
                a.lerp_(m, 1 - decay)
            else:
                a.copy_(m)


def freeze(model: Lesion, count: int) -> None:
    """The leading `count` trunk modules neither learn nor renormalise."""
    for i, module in enumerate(model.trunk):
        module.train(i >= count)
        module.requires_grad_(i >= count)


def logit_offset(training: Training, recipe: Recipe) -> np.ndarray:
    """What the loss adds to the logits of each picture, so that the network need not learn all of how
    often a class is drawn (logit adjustment: Menon et al., ICLR 2021); with shares by data set, how
    often it is drawn there, or it would learn to tell the data sets for what is frequent in them.
    A class without pictures gets nothing."""
    labels = training.labels
    sources = np.array(training.sources) if recipe.shares else np.zeros(len(labels), int)
    offset = np.zeros((len(labels), len(CLASSES)))
    for source in np.unique(sources):
        own = (sources == source) & (labels != UNKNOWN)
        drawn = np.bincount(labels[own], training.weights[own], len(CLASSES))
        drawn = drawn / max(drawn.sum(), 1e-12)
        least = drawn[drawn > 0].min(initial=1.0)
        offset[sources == source] = np.log(np.where(drawn > 0, drawn, least))
    return recipe.logit_adjustment * offset


def truth_of(training: Training, recipe: Recipe) -> Truth:
    """Of every training picture, in the order of its rows; one that is not dermatoscopic teaches
    that alone."""
    rows = training.rows
    shown = np.array([r.dermatoscopic for r in rows])
    malignant = np.array([r.malignant for r in rows])
    return Truth(
        classes=shares(np.where(shown, training.labels, UNKNOWN), len(CLASSES)),
        malignant=shares(np.where(shown, malignant, UNKNOWN), 2),
        kind=shares(shown.astype(int), 2),
        taught=torch.tensor([float(r.source in recipe.taught) for r in rows]),
        offset=torch.from_numpy(logit_offset(training, recipe)).float(),
    )


class Run:
    """Everything that a checkpoint holds and that a resumed run needs. The averaged weights after
    each epoch are kept too, to be compared and averaged."""

    def __init__(self, recipe: Recipe, out: Path, training: Training):
        torch.manual_seed(recipe.seed)
        torch.set_num_threads(recipe.threads)
        self.recipe, self.out, self.epoch, self.log = recipe, out, 0, []
        self.model = fresh(recipe, training)
        self.average = copy.deepcopy(self.model).eval().requires_grad_(False)
        self.optimizer = optimiser(self.model, recipe)
        self.teachers = [
            fused(known(path, recipe, training)).to(device(), memory_format=torch.channels_last)
            for path in recipe.teachers
        ]
        out.mkdir(parents=True, exist_ok=True)

    def keep(self) -> None:
        """The averaged weights alone; `epoch-0.pt` is what the run started from."""
        kept = {"variant": self.model.variant, "average": self.average.state_dict()}
        torch.save(kept, self.out / f"epoch-{self.epoch}.pt")

    def save(self) -> None:
        state = {
            "epoch": self.epoch,
            "variant": self.model.variant,
            "log": self.log,
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
        }
        self.keep()  # first, as a run that is cut off after `last.pt` goes on behind this epoch
        part = self.out / "last.part"
        torch.save(state, part)
        part.rename(self.out / "last.pt")
        (self.out / "log.json").write_text(json.dumps(self.log, indent=1))

    def resume(self) -> None:
        path = self.out / "last.pt"
        if not path.is_file():
            return
        state = torch.load(path, map_location=device(), weights_only=False)
        self.model.load_state_dict(state["model"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.epoch, self.log = state["epoch"], state["log"]
        print(f"resuming {self.out} after epoch {self.epoch}", flush=True)

    def computed(self, model: Lesion, training: Training) -> nn.Module:
        """`model` as this epoch trains and judges it; ranges are measured anew each time, so a
        checkpoint need not hold them."""
        if not self.recipe.phase(self.epoch).rounded:
            return model
        feed = batches(training, self.recipe, self.recipe.phase(self.epoch), self.epoch)
        return Rounded(model, (to_device(x) for x, _ in islice(feed, RANGE_BATCHES)))

    def train_epoch(self, training) -> float:
        recipe, phase = self.recipe, self.recipe.phase(self.epoch)
        torch.manual_seed(recipe.seed + self.epoch)  # so that a resumed run repeats this epoch
        self.model.train()
        freeze(self.model, phase.freeze)
        forward = self.computed(self.model, training)
        forward = torch.compile(forward) if recipe.compile else forward
        steps = recipe.epoch_pictures // recipe.batch
        rng = np.random.default_rng([recipe.seed, self.epoch, 1])
        feed, losses = batches(training, recipe, phase, self.epoch), []
        truth = truth_of(training, recipe)
        quick = quick_in_bfloat16() and not phase.rounded  # bfloat16 is coarser than int8's steps
        for i in progress(range(steps), f"epoch {self.epoch + 1}/{recipe.epochs} at {phase.size}"):
            step = self.epoch * steps + i
            set_rate(self.optimizer, recipe, step, recipe.epochs * steps)
            x, drawn = next(feed)
            x, told = to_device(x), truth.at(drawn, device())
            with torch.autocast(device().type, torch.bfloat16, enabled=quick):
                loss = loss_of(forward, self.teachers, x, told, recipe, rng)
            self.optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(self.model.parameters(), 5.0)
            self.optimizer.step()
            update_average(self.average, self.model, min(recipe.ema, (1 + step) / (10 + step)))
            losses.append(float(loss.detach()))
        return float(np.mean(losses))


def train(recipe: Recipe, work: Path, out: Path) -> None:
    """Run the recipe to its end, from where it was left if it was."""
    train_on(load_training(work, recipe), recipe, work, out)


def train_on(training: Training, recipe: Recipe, work: Path, out: Path) -> Lesion:
    """The averaged network that comes of it."""
    run = Run(recipe, out, training)
    run.resume()
    if run.epoch == 0:
        run.keep()
    while run.epoch < recipe.epochs:
        start = time.monotonic()
        loss = run.train_epoch(training)
        judged = run.computed(run.average, training)
        run.epoch += 1
        row = {"epoch": run.epoch, "loss": loss, "seconds": time.monotonic() - start}
        row |= validate(judged, work)
        run.log.append(row)
        run.save()
        print(told(row), flush=True)
    return run.average


def told(row: dict) -> str:
    """A line of the log for people."""
    return json.dumps({k: round(v, 4) for k, v in metrics.flat(row).items() if "recall" not in k})


def validate(model: nn.Module, work: Path, size: int = SIDE) -> dict:
    """HAM10000's figures by their names, those of the other data sets that have a val split under
    the set's: where a set's benign lesions look malignant, a common figure would hide it."""
    found, seen = {}, {}
    for source in (s.name for s in SOURCES if has(work, s.name)):
        pixels, rows = load(work, source)
        places = [i for i, r in enumerate(rows) if r.split == "val"]
        if places:
            answers = predict(model, pixels[places], size)
            seen[source] = answers[:, len(CLASSES)], [rows[i] for i in places]
            found[source] = judge(answers[:, : len(CLASSES)], seen[source][1])
    row = found.pop("ham10000") | {s: f for s, f in found.items() if f}
    if "closeups" in seen:
        row["closeups"] = told_apart(seen)
    return row


def judge(logits: np.ndarray, rows: list[Picture]) -> dict:
    """Classes of those that have one, malignant against benign of all; nothing of pictures that the
    device does not read."""
    if not all(r.dermatoscopic for r in rows):
        return {}
    p, labels = metrics.softmax(logits), np.array([r.label for r in rows])
    malignant = np.array([r.malignant == 1 for r in rows])
    known = labels != UNKNOWN
    found = metrics.summary(p[known], labels[known])
    return found | {"auroc_malignant": metrics.auroc(metrics.malignant_probability(p), malignant)}


def told_apart(seen: dict) -> dict:
    """How well the last logit tells close-ups from each val set, and how many of them it refuses
    where 97 % of the worst set is accepted."""
    closeups = seen["closeups"][0]
    inside = {s: score for s, (score, _) in seen.items() if s != "closeups"}
    limit = min(float(np.quantile(score, 0.03)) for score in inside.values())
    truth = np.r_[np.zeros(len(closeups), bool), np.ones(sum(map(len, inside.values())), bool)]
    return {
        "auroc": metrics.auroc(np.concatenate([closeups, *inside.values()]), truth),
        "refused": float((closeups < limit).mean()),
    }


def predict(model: nn.Module, pixels: np.ndarray, size: int, batch: int = 32) -> np.ndarray:
    """What the network says of stored pictures, fed as the device feeds them: [n, 7 + 1]."""
    model.eval()
    out = []
    left = (pixels.shape[2] - pixels.shape[1]) // 2
    pixels = pixels[:, :, left : left + pixels.shape[1]] if left > 0 else pixels
    with torch.inference_mode():
        for at in range(0, len(pixels), batch):
            x = to_device(normalise(pixels[at : at + batch]))
            if x.shape[-1] != size:
                x = F.interpolate(x, size=(size, size), mode="bilinear", antialias=True)
            with torch.autocast(device().type, torch.bfloat16, enabled=quick_in_bfloat16()):
                out.append(model(x).float().cpu().numpy())
    return np.concatenate(out)
