"""Writes the tensor that the network must see for a picture: the reference for the device.

    python preprocess_reference.py PICTURE OUT.f32|OUT.npy [--size SIDE]

The output is float32, little-endian, [3, size, size]: channel, row, column.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from dermatrain import manifest
from dermatrain.geometry import preprocess

MODELS = Path(__file__).resolve().parent.parent


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("picture", type=Path)
    parser.add_argument("out", type=Path, help="ends in .f32 (bare values) or .npy")
    parser.add_argument("--size", type=int, help="pixels a side (the shipped network's)")
    options = parser.parse_args()
    size = options.size or manifest.read(MODELS)["input"]["width"]
    if options.out.suffix not in (".f32", ".npy"):
        parser.error(f"{options.out}: must end in .f32 or .npy")
    try:
        with Image.open(options.picture) as image:
            tensor = preprocess(image, size).astype("<f4")
    except (OSError, UnidentifiedImageError) as error:
        print(f"{options.picture}: {error}", file=sys.stderr)
        return 1
    if options.out.suffix == ".npy":
        np.save(options.out, tensor)
    else:
        tensor.tofile(options.out)
    return 0


sys.exit(main())
