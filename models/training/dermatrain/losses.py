"""What each picture can teach: its class, whether it is malignant, whether it is dermatoscopic.

Everything is linear in the truth, so that mixed pictures have mixed truths; a row of noughts says
nothing and costs nothing.
"""

from dataclasses import dataclass, fields

import numpy as np
import torch
from torch.nn import functional as F

from .classes import CLASSES, MALIGNANT
from .dataset import UNKNOWN

COUNT = len(CLASSES)
BENIGN = tuple(c for c in range(COUNT) if c not in MALIGNANT)


@dataclass(frozen=True)
class Truth:
    """Of `n` pictures. `classes` [n, 7], `malignant` [n, 2] (benign first) and `kind` [n, 2] (not
    dermatoscopic first) are shares, of noughts where nobody knows; `taught` [n] is 1 where a
    teacher knows the data set; `offset` [n, 7] is added to the logits by the loss."""

    classes: torch.Tensor
    malignant: torch.Tensor
    kind: torch.Tensor
    taught: torch.Tensor
    offset: torch.Tensor

    def at(self, places: np.ndarray, device) -> "Truth":
        return Truth(*(getattr(self, f.name)[places].to(device) for f in fields(self)))

    def mixed(self, order: torch.Tensor, share: float) -> "Truth":
        pairs = ((getattr(self, f.name), getattr(self, f.name)[order]) for f in fields(self))
        return Truth(*(share * a + (1 - share) * b for a, b in pairs))


def shares(values, count: int) -> torch.Tensor:
    """One row a value, with 1 at its place; nothing but noughts where it is UNKNOWN."""
    values = torch.as_tensor(values)
    return F.one_hot(values.clamp_min(0), count).float() * (values != UNKNOWN)[:, None]


def partners(taught: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    """With which picture each is mixed: one whose data set a teacher knows with another such one,
    as a teacher of half a picture knows nothing."""
    known = taught.cpu().numpy() > 0
    order = np.arange(len(known))
    for group in (np.flatnonzero(known), np.flatnonzero(~known)):
        order[group] = rng.permutation(group)
    return torch.as_tensor(order, device=taught.device)


def grouped(logits: torch.Tensor) -> torch.Tensor:
    """[n, 2] logits of benign and malignant, which are those of all their classes together."""
    return torch.stack([logits[:, list(g)].logsumexp(1) for g in (BENIGN, MALIGNANT)], 1)


def entropy(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Cross entropy of each row, weighed by what its target sums to."""
    return -(target * logits.log_softmax(1)).sum(1)


def smoothed(target: torch.Tensor, share: float) -> torch.Tensor:
    known = target.sum(1, keepdim=True)
    return (1 - share) * target + share * known / target.shape[1]


def loss_of(model, teachers, x: torch.Tensor, truth: Truth, recipe, rng) -> torch.Tensor:
    if recipe.mixup > 0:
        share = float(rng.beta(recipe.mixup, recipe.mixup))
        order = partners(truth.taught, rng)
        x, truth = share * x + (1 - share) * x[order], truth.mixed(order, share)
    answers = model(x)
    logits = answers[:, :COUNT]
    adjusted = logits + truth.offset
    own = entropy(adjusted, smoothed(truth.classes, recipe.label_smoothing))
    # pictures without a class have this loss alone, so there it counts fully
    weight = recipe.malignant_share + (1 - recipe.malignant_share) * (1 - truth.classes.sum(1))
    own = own + weight * entropy(grouped(adjusted), truth.malignant)
    if teachers and bool((known := truth.taught > 0.5).any()):
        told = taught(teachers, x[known], logits[known])
        own = own.index_put(
            (known.nonzero()[:, 0],),
            (1 - recipe.teacher_share) * own[known] + recipe.teacher_share * told,
        )
    if recipe.dermatoscopic_share > 0:
        sides = torch.stack([torch.zeros_like(answers[:, COUNT]), answers[:, COUNT]], 1)
        own = own + recipe.dermatoscopic_share * entropy(sides, truth.kind)
    return own.mean()


def taught(teachers, x: torch.Tensor, logits: torch.Tensor) -> torch.Tensor:
    """The cross entropy with the mean of what the teachers say of the same pictures."""
    with torch.no_grad():
        soft = torch.stack([teacher(x)[:, :COUNT].softmax(1) for teacher in teachers]).mean(0)
    return entropy(logits, soft)
