"""Makes JPEGs of every shape that decoders differ on, with what Pillow (libjpeg-turbo) makes of each.

    python sweep.py FOLDER

Pillow writes what it can; a small encoder of our own writes what it cannot: several scans of a baseline picture, odd
samplings, restart intervals, pictures without Huffman tables, start markers that come twice. Each goes into FOLDER as
NAME.jpg, with NAME.rgb beside it where Pillow reads it; `list.json` has name, kind ("shape" or "mutation"), width and
height. The same bytes on every run.
"""

import io
import itertools
import json
import random
import sys
from pathlib import Path

import numpy as np
from PIL import Image

ZIGZAG = [0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14,
          21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53,
          60, 61, 54, 47, 55, 62, 63]
# The tables of ITU-T T.81, annex K.3, for luminance: how many codes of each length, then the values.
DC = ([0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0], list(range(12)))
AC = ([0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 0x7d], [int(x, 16) for x in (
    "01 02 03 00 04 11 05 12 21 31 41 06 13 51 61 07 22 71 14 32 81 91 a1 08 23 42 b1 c1 15 52 d1 f0 24 33 62 72 82 "
    "09 0a 16 17 18 19 1a 25 26 27 28 29 2a 34 35 36 37 38 39 3a 43 44 45 46 47 48 49 4a 53 54 55 56 57 58 59 5a 63 64 "
    "65 66 67 68 69 6a 73 74 75 76 77 78 79 7a 83 84 85 86 87 88 89 8a 92 93 94 95 96 97 98 99 9a a2 a3 a4 a5 a6 a7 a8 "
    "a9 aa b2 b3 b4 b5 b6 b7 b8 b9 ba c2 c3 c4 c5 c6 c7 c8 c9 ca d2 d3 d4 d5 d6 d7 d8 d9 da e1 e2 e3 e4 e5 e6 e7 e8 e9 "
    "ea f1 f2 f3 f4 f5 f6 f7 f8 f9 fa").split()])
COSINES = np.array([[np.cos((2 * x + 1) * u * np.pi / 16) * (np.sqrt(1 / 8) if u == 0 else 0.5) for x in range(8)]
                    for u in range(8)])


def codes(table):
    code, out, values = 0, {}, iter(table[1])
    for length, count in enumerate(table[0], 1):
        for _ in range(count):
            out[next(values)] = (code, length)
            code += 1
        code <<= 1
    return out


DC_CODES, AC_CODES = codes(DC), codes(AC)


class Bits:
    def __init__(self):
        self.text = []

    def put(self, value, length):
        if length:
            self.text.append(format(value, f"0{length}b"))

    def number(self, value):
        size = abs(value).bit_length()
        return size, (value if value >= 0 else value + (1 << size) - 1)

    def end(self):
        text = "".join(self.text)
        text += "1" * (-len(text) % 8)
        self.text = []
        return bytes(int(text[i:i + 8], 2) for i in range(0, len(text), 8)).replace(b"\xff", b"\xff\0")


def segment(code, payload):
    return bytes([0xff, code]) + (len(payload) + 2).to_bytes(2, "big") + bytes(payload)


def picture(width, height, channels, seed=0):
    """Something with edges, slopes and noise."""
    rng = np.random.default_rng(seed + 7 * width + height)
    y, x = np.mgrid[:height, :width]
    planes = []
    for channel in range(channels):
        slope = 3 * x + 2 * y * (channel + 1) + 40 * channel
        blob = 90 * (np.hypot(x - width / 2, y - height / 3) < min(width, height) / 3)
        planes.append((slope + blob + rng.integers(0, 30, (height, width))) % 256)
    return np.stack(planes, -1).astype(np.uint8)


def encode(values, samplings, scans=None, restart=0, tables=True, quality=12, adobe=None, jfif=False, twice=0, fill=0):
    """A baseline JPEG of these components; `scans` are groups of them, all in one where there are none."""
    height, width, count = values.shape
    most = max(h for h, _ in samplings), max(v for _, v in samplings)
    across, down = -(-width // (8 * most[0])), -(-height // (8 * most[1]))
    blocks = []
    for index, (h, v) in enumerate(samplings):
        wide, high = across * h * 8, down * v * 8
        rows = np.minimum(np.arange(high) * most[1] // v, height - 1)
        columns = np.minimum(np.arange(wide) * most[0] // h, width - 1)
        plane = values[..., index][rows][:, columns].astype(float) - 128
        grid = plane.reshape(high // 8, 8, wide // 8, 8).transpose(0, 2, 1, 3)
        blocks.append(np.rint(COSINES @ grid @ COSINES.T / quality).astype(int).reshape(high // 8, wide // 8, 64))
    out = b"\xff\xd8" * (1 + twice)
    if jfif:
        out += segment(0xe0, b"JFIF\0\1\1\0\0\1\0\1\0\0")
    if adobe is not None:
        out += segment(0xee, b"Adobe\0\x64\0\0\0\0" + bytes([adobe]))
    out += segment(0xdb, bytes([0]) + bytes([quality] * 64))
    frame = [8, *height.to_bytes(2, "big"), *width.to_bytes(2, "big"), count]
    out += segment(0xc0, frame + [x for i, (h, v) in enumerate(samplings) for x in (i + 1, h << 4 | v, 0)])
    if tables:
        out += segment(0xc4, [0, *DC[0], *DC[1]]) + segment(0xc4, [0x10, *AC[0], *AC[1]])
    if restart:
        out += segment(0xdd, restart.to_bytes(2, "big"))
    for scan in scans or [range(count)]:
        scan = list(scan)
        out += b"\xff" * fill
        out += segment(0xda, [len(scan), *(x for i in scan for x in (i + 1, 0)), 0, 63, 0])
        out += entropy(blocks, samplings, scan, (width, height), most, (across, down), restart)
    return out + b"\xff\xd9"


def entropy(blocks, samplings, scan, size, most, units, restart):
    """The entropy-coded data of one scan."""
    if len(scan) == 1:
        # Alone, a component has no more blocks than its own pixels need.
        h, v = samplings[scan[0]]
        high = -(-(-(-size[1] * v // most[1])) // 8)
        wide = -(-(-(-size[0] * h // most[0])) // 8)
        order = [[(scan[0], y, x)] for y in range(high) for x in range(wide)]
    else:
        order = [[(i, uy * samplings[i][1] + y, ux * samplings[i][0] + x) for i in scan
                  for y in range(samplings[i][1]) for x in range(samplings[i][0])]
                 for uy in range(units[1]) for ux in range(units[0])]
    bits, out, last, mark = Bits(), b"", {}, 0
    for place, unit in enumerate(order):
        if restart and place and place % restart == 0:
            out += bits.end() + bytes([0xff, 0xd0 + mark % 8])
            last, mark = {}, mark + 1
        for index, y, x in unit:
            values = blocks[index][y, x][ZIGZAG]
            size_, number = bits.number(int(values[0]) - last.get(index, 0))
            last[index] = int(values[0])
            bits.put(*DC_CODES[size_])
            bits.put(number, size_)
            run = 0
            for value in values[1:]:
                if value == 0:
                    run += 1
                    continue
                for _ in range(run // 16):
                    bits.put(*AC_CODES[0xf0])
                size_, number = bits.number(int(value))
                bits.put(*AC_CODES[run % 16 << 4 | size_])
                bits.put(number, size_)
                run = 0
            if run:
                bits.put(*AC_CODES[0])
    return out + bits.end()


def by_pillow():
    """(name, bytes) of what Pillow writes."""
    sizes = [(1, 1), (7, 5), (8, 8), (9, 17), (16, 16), (31, 33), (40, 24), (65, 47)]
    modes = [("RGB", 3), ("L", 1), ("CMYK", 4)]
    for (width, height), (mode, channels) in itertools.product(sizes, modes):
        values = picture(width, height, channels)
        image = Image.fromarray(values[..., 0] if channels == 1 else values, mode)
        samplings = [0, 1, 2] if mode == "RGB" else [0]
        for sampling, progressive, restart in itertools.product(samplings, [False, True], [0, 1, 3]):
            buffer = io.BytesIO()
            extra = {"restart_marker_blocks": restart} if restart else {}
            image.save(buffer, "JPEG", quality=80, subsampling=sampling, progressive=progressive,
                       optimize=restart == 1, **extra)
            name = f"pillow-{mode}-{width}x{height}-s{sampling}-{'p' if progressive else 'b'}-r{restart}"
            yield name, buffer.getvalue()


def by_us():
    """(name, bytes) of what Pillow does not write."""
    sizes = [(3, 2), (8, 8), (17, 9), (33, 31), (50, 70)]
    colours = [[(1, 1)] * 3, [(2, 1), (1, 1), (1, 1)], [(2, 2), (1, 1), (1, 1)], [(1, 2), (1, 1), (1, 1)],
               [(4, 1), (1, 1), (1, 1)], [(1, 4), (1, 1), (1, 1)], [(4, 2), (1, 1), (1, 1)], [(2, 2), (2, 1), (2, 1)],
               [(2, 1), (2, 1), (2, 1)], [(1, 1), (2, 2), (1, 1)], [(2, 2), (1, 2), (2, 1)]]
    groups = [None, [[0], [1], [2]], [[0, 1], [2]], [[0], [1, 2]], [[2], [0], [1]]]
    for (width, height), samplings, scans, restart in itertools.product(sizes, colours, groups, [0, 2]):
        name = f"ours-{width}x{height}-{''.join(f'{h}{v}' for h, v in samplings)}-{scans}-r{restart}".replace(" ", "")
        yield name, encode(picture(width, height, 3), samplings, scans, restart)
    for (width, height), sampling in itertools.product(sizes, [(1, 1), (2, 2), (3, 1), (4, 4)]):
        yield f"ours-grey-{width}x{height}-{sampling}", encode(picture(width, height, 1), [sampling])
    for (width, height), adobe in itertools.product(sizes, [0, 2]):
        scans = [[0], [1], [2], [3]]
        yield f"ours-cmyk-{width}x{height}-{adobe}", encode(picture(width, height, 4), [(1, 1)] * 4, adobe=adobe)
        yield f"ours-cmyk-{width}x{height}-{adobe}-scans", encode(picture(width, height, 4), [(1, 1)] * 4, scans, adobe=adobe)
    for (width, height), adobe in itertools.product(sizes, [0, 1]):
        yield f"ours-adobe-{width}x{height}-{adobe}", encode(picture(width, height, 3), [(1, 1)] * 3, adobe=adobe)
    for width, height in sizes:
        values, samplings = picture(width, height, 3), [(2, 1), (1, 1), (1, 1)]
        for name, options in [("no-tables", {"tables": False}), ("jfif", {"jfif": True}), ("filled", {"fill": 3})]:
            yield f"ours-{name}-{width}x{height}", encode(values, samplings, **options)


def mutations(pictures):
    """Bytes flipped, lost, doubled and exchanged, anywhere behind the start."""
    rng = random.Random(20)
    for round_ in range(1200):
        name, data = rng.choice(pictures)
        data = bytearray(data)
        for _ in range(rng.choice([1, 1, 1, 2, 5])):
            at = rng.randrange(2, len(data))
            kind = rng.randrange(4)
            if kind == 0:
                data[at] ^= 1 << rng.randrange(8)
            elif kind == 1:
                del data[at:at + rng.randrange(1, 40)]
            elif kind == 2:
                data[at:at] = data[at:at + rng.randrange(1, 40)]
            else:
                data[at] = rng.choice([0, 0xff, 0xd8, 0xd9, 0xda, 0xc4, 0xdd, rng.randrange(256)])
            if len(data) < 8:
                break
        yield f"mutation-{round_:04}-{name}"[:120], bytes(data)


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    shapes = list(by_pillow()) + list(by_us())
    everything = [("shape", *each) for each in shapes] + [("mutation", *each) for each in mutations(shapes)]
    listed = []
    for number, (kind, name, data) in enumerate(everything):
        stem = f"{number:04}"
        (folder / f"{stem}.jpg").write_bytes(data)
        try:
            with Image.open(io.BytesIO(data)) as image:
                if image.width * image.height > 1_000_000:
                    raise ValueError("too large to be compared")
                rgb = image.convert("RGB")
            (folder / f"{stem}.rgb").write_bytes(rgb.tobytes())
            size = rgb.size
        except Exception:  # whatever Pillow refuses, for whatever reason
            size = (0, 0)
        listed.append({"file": stem, "name": name, "kind": kind, "width": size[0], "height": size[1]})
    (folder / "list.json").write_text(json.dumps(listed))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
