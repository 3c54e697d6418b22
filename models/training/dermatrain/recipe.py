"""A recipe is a TOML file: everything that decides how a network is trained."""

import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path

SIDE = 256  # pixels a side of what the device feeds the network, whatever sizes it was trained at


@dataclass(frozen=True)
class Phase:
    """A stretch of training at one picture size; `freeze` leading trunk modules stay as they are.

    `rounded` trains the network as int8 will compute it; its normalisations no longer move.
    """

    size: int
    epochs: int
    freeze: int = 0
    rounded: bool = False
    zoom: tuple[float, float] = (0.55, 1.1)


@dataclass(frozen=True)
class Recipe:
    phases: tuple[Phase, ...]
    variant: str = "lite0"  # lite1 and lite2 are larger
    seed: int = 1
    batch: int = 32
    epoch_pictures: int = 9600
    sampling_power: float = -0.6  # a class is drawn in proportion to count ** (1 + power)
    isic2017_weight: float = 0.5  # of an ISIC 2017 picture, against one of HAM10000
    # the share of the drawn pictures that comes of each data set; without it HAM10000 and ISIC 2017
    # are drawn as one set. Within a data set a class is drawn by `sampling_power`, and a lesion of
    # several pictures in proportion to the root of their number.
    shares: dict[str, float] = field(default_factory=dict)
    malignant_share: float = 0.0  # weight of the loss of malignant against benign, beside the classes
    dermatoscopic_share: float = 0.0  # weight of the loss of dermatoscopic or not
    logit_adjustment: float = 0.0  # share of the drawn classes' log frequency added to the logits
    learning_rate: float = 5e-4
    head_rate: float = 4.0  # times learning_rate, as the head starts from nothing
    warmup_steps: int = 150
    weight_decay: float = 0.02
    label_smoothing: float = 0.05
    mixup: float = 0.0  # Beta(a, a) of mixed pairs; 0 is none
    dropout: float = 0.2
    drop_path: float = 0.1
    ema: float = 0.998
    compile: bool = False
    threads: int = 1
    workers: int = 1
    start: str = ""  # a checkpoint (its averaged weights) or a shipped .onnx; empty: ImageNet
    # each as `start`, or a list of checkpoints whose weights' mean it is; what is distilled is the
    # mean of their probabilities, on pictures of the data sets that they know
    taught: tuple[str, ...] = ("ham10000", "isic2017")
    teachers: tuple[str | list[str], ...] = ()
    teacher_share: float = 0.5  # of the loss

    @property
    def epochs(self) -> int:
        return sum(p.epochs for p in self.phases)

    def phase(self, epoch: int) -> Phase:
        for phase in self.phases:
            if epoch < phase.epochs:
                return phase
            epoch -= phase.epochs
        raise IndexError("past the last epoch")


def read_recipe(path: Path) -> Recipe:
    raw = tomllib.loads(path.read_text())
    phases = tuple(
        Phase(**{**p, "zoom": tuple(p.get("zoom", (0.55, 1.1)))}) for p in raw.pop("phase")
    )
    known = {f.name for f in fields(Recipe)}
    if unknown := set(raw) - known:
        raise ValueError(
            f"{path}: unknown key {', '.join(sorted(unknown))}; known: {', '.join(sorted(known))}"
        )
    lists = {key: tuple(raw.pop(key)) for key in ("teachers", "taught") if key in raw}
    return Recipe(phases=phases, **lists, **raw)
