"""Writes the tensor that the network must see for a picture: the reference for the device.

    python preprocess_reference.py PICTURE OUT.f32|OUT.npy [--size 224]

The output is float32, little-endian, [3, size, size]: channel, row, column.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from dermatrain.geometry import preprocess


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("picture", type=Path)
    parser.add_argument("out", type=Path, help="ends in .f32 (bare values) or .npy")
    parser.add_argument("--size", type=int, default=224)
    options = parser.parse_args()
    if options.out.suffix not in (".f32", ".npy"):
        parser.error(f"{options.out}: must end in .f32 or .npy")
    try:
        with Image.open(options.picture) as image:
            tensor = preprocess(image, options.size).astype("<f4")
    except (OSError, UnidentifiedImageError) as error:
        print(f"{options.picture}: {error}", file=sys.stderr)
        return 1
    if options.out.suffix == ".npy":
        np.save(options.out, tensor)
    else:
        tensor.tofile(options.out)
    return 0


sys.exit(main())
