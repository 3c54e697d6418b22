"""The command line: one subcommand a step."""

import argparse
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent


def main() -> int:
    options = parser().parse_args()
    try:
        options.run(options)
    except (ValueError, OSError) as error:
        print(f"dermatrain: {error}", file=sys.stderr)
        return 1
    return 0


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="dermatrain", description="Makes dermascope's lesion model.")
    top.add_argument("--work", type=Path, default=HERE / "work", help="folder for large files (%(default)s)")
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    add_prepare(commands)
    add_train(commands)
    return top


def add_prepare(commands) -> None:
    p = commands.add_parser("prepare", help="check the data and decode it once")
    p.add_argument("--data", type=Path, required=True, help="folder with ham10000/ and isic2017/")
    p.add_argument("--hashes", type=Path, default=HERE / "pictures.sha256")
    p.set_defaults(run=run_prepare)


def run_prepare(options) -> None:
    from .dataset import prepare

    prepare(options.data, options.work, options.hashes)


def add_train(commands) -> None:
    p = commands.add_parser("train", help="train by a recipe; run again to resume")
    p.add_argument("recipe", type=Path)
    p.add_argument("--out", type=Path, help="checkpoints (work/<recipe name>)")
    p.set_defaults(run=run_train)


def run_train(options) -> None:
    from .recipe import read_recipe
    from .train import train

    out = options.out or options.work / options.recipe.stem
    train(read_recipe(options.recipe), options.work, out)


sys.exit(main())
