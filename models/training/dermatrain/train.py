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
from .dataset import load
from .geometry import normalise
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


def logit_offset(training: Training, recipe: Recipe) -> torch.Tensor:
    """What the loss adds to the seven logits, so that the network need not learn all of how often
    a class is drawn (logit adjustment: Menon et al., ICLR 2021). A class without pictures gets
    nothing."""
    drawn = np.bincount(training.labels, training.weights, 7)
    offset = recipe.logit_adjustment * np.log(np.where(drawn > 0, drawn, 1.0))
    return torch.from_numpy(offset).float().to(device())


def loss_of(model, teachers, offset, x, y, recipe: Recipe, rng) -> torch.Tensor:
    target = F.one_hot(y, 7).float()
    if recipe.mixup > 0:
        share = float(rng.beta(recipe.mixup, recipe.mixup))
        order = torch.as_tensor(rng.permutation(len(y)), device=y.device)
        x, target = share * x + (1 - share) * x[order], share * target + (1 - share) * target[order]
    logits = model(x)
    loss = F.cross_entropy(logits + offset, target, label_smoothing=recipe.label_smoothing)
    if not teachers:
        return loss
    with torch.no_grad():
        soft = torch.stack([teacher(x).softmax(1) for teacher in teachers]).mean(0)
    return (1 - recipe.teacher_share) * loss + recipe.teacher_share * F.cross_entropy(logits, soft)


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

    def save(self) -> None:
        state = {
            "epoch": self.epoch,
            "variant": self.model.variant,
            "log": self.log,
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
        }
        # first, as a run that is cut off after `last.pt` goes on behind this epoch
        shown = {key: state[key] for key in ("variant", "average")}
        torch.save(shown, self.out / f"epoch-{self.epoch}.pt")
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
        offset = logit_offset(training, recipe)
        quick = quick_in_bfloat16() and not phase.rounded  # bfloat16 is coarser than int8's steps
        for i in progress(range(steps), f"epoch {self.epoch + 1}/{recipe.epochs} at {phase.size}"):
            step = self.epoch * steps + i
            set_rate(self.optimizer, recipe, step, recipe.epochs * steps)
            x, y = next(feed)
            x, y = to_device(x), torch.from_numpy(y).to(device())
            with torch.autocast(device().type, torch.bfloat16, enabled=quick):
                loss = loss_of(forward, self.teachers, offset, x, y, recipe, rng)
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
    while run.epoch < recipe.epochs:
        start = time.monotonic()
        loss = run.train_epoch(training)
        judged = run.computed(run.average, training)
        run.epoch += 1
        row = {"epoch": run.epoch, "loss": loss, "seconds": time.monotonic() - start}
        row |= validate(judged, work)
        run.log.append(row)
        run.save()
        print(json.dumps({k: round(v, 4) for k, v in row.items() if k != "recall"}), flush=True)
    return run.average


def validate(model: nn.Module, work: Path, size: int = SIDE) -> dict:
    pixels, rows = load(work, "ham10000")
    places = [i for i, r in enumerate(rows) if r.split == "val"]
    logits = predict(model, pixels[places], size)
    labels = np.array([rows[i].label for i in places])
    return metrics.summary(metrics.softmax(logits), labels)


def predict(model: nn.Module, pixels: np.ndarray, size: int, batch: int = 32) -> np.ndarray:
    """Logits of stored pictures, fed as they are."""
    model.eval()
    out = []
    with torch.inference_mode():
        for at in range(0, len(pixels), batch):
            x = to_device(normalise(pixels[at : at + batch]))
            if x.shape[-1] != size:
                x = F.interpolate(x, size=(size, size), mode="bilinear", antialias=True)
            out.append(model(x).float().cpu().numpy())
    return np.concatenate(out)
