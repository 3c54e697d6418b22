"""The seven classes, in the order of the network's outputs, and nothing else."""

from dataclasses import dataclass


@dataclass(frozen=True)
class LesionClass:
    code: str
    name: str
    short: str  # fits the small screen: at most 18 characters
    malignant: bool


CLASSES = (
    LesionClass("akiec", "Actinic keratosis / Bowen's disease", "Actinic keratosis", True),
    LesionClass("bcc", "Basal cell carcinoma", "Basal cell carc.", True),
    LesionClass("bkl", "Benign keratosis-like lesion", "Benign keratosis", False),
    LesionClass("df", "Dermatofibroma", "Dermatofibroma", False),
    LesionClass("mel", "Melanoma", "Melanoma", True),
    LesionClass("nv", "Melanocytic naevus", "Naevus (mole)", False),
    LesionClass("vasc", "Vascular lesion", "Vascular lesion", False),
)
CODES = tuple(c.code for c in CLASSES)
MALIGNANT = tuple(i for i, c in enumerate(CLASSES) if c.malignant)
MELANOMA = CODES.index("mel")


class UnknownLabel(ValueError):
    """A label that is not one of the seven codes."""


def index_of(code: str, where: str) -> int:
    """The output index of a code; `where` says which row it came from."""
    try:
        return CODES.index(code)
    except ValueError:
        raise UnknownLabel(f"{where}: label {code!r} is not one of {', '.join(CODES)}") from None
