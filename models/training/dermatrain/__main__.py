"""The command line: one subcommand a step."""

import argparse
import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
MODELS = HERE.parent


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
    top.add_argument(
        "--work", type=Path, default=HERE / "work", help="folder for large files (%(default)s)"
    )
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    add_prepare(commands)
    add_train(commands)
    add_cross_fit(commands)
    add_quantise(commands)
    add_calibrate(commands)
    add_evaluate(commands)
    add_card(commands)
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


def add_cross_fit(commands) -> None:
    p = commands.add_parser(
        "cross-fit", help="judge a recipe on the training pictures, each held out once"
    )
    p.add_argument("recipe", type=Path)
    p.add_argument("--folds", type=int, default=2, help="networks to train (%(default)s)")
    p.add_argument("--out", type=Path, help="checkpoints, cross-fit.json (work/<recipe name>)")
    p.set_defaults(run=run_cross_fit)


def run_cross_fit(options) -> None:
    from .cross_fit import cross_fit
    from .recipe import read_recipe

    out = options.out or options.work / options.recipe.stem
    report = cross_fit(read_recipe(options.recipe), options.work, out, options.folds)
    print(json.dumps(report, indent=1))


def add_quantise(commands) -> None:
    from .recipe import SIDE

    p = commands.add_parser(
        "quantise", help="export a checkpoint, try int8 ranges, keep the nearest"
    )
    p.add_argument(
        "checkpoints",
        type=Path,
        nargs="+",
        metavar="checkpoint",
        help="its averaged weights are exported; of several, their mean",
    )
    p.add_argument(
        "--size", type=int, default=SIDE, help="pixels a side of its pictures (%(default)s)"
    )
    p.add_argument(
        "--only", nargs="*", default=[], help="try only candidates whose name has one of these"
    )
    p.add_argument("--threads", type=int, default=1)
    p.set_defaults(run=run_quantise)


def run_quantise(options) -> None:
    from .network import load_mean
    from .quantise import compare

    model = load_mean(options.checkpoints)
    for row in compare(model, options.work, options.size, options.only, options.threads):
        print(row)


def add_calibrate(commands) -> None:
    p = commands.add_parser(
        "calibrate", help="fit every decision on val; write the network and manifest"
    )
    p.add_argument("--name", required=True, help="the model's name and version, for people")
    p.add_argument("--short-name", required=True, help="the same in at most 20 characters")
    p.add_argument("--models", type=Path, default=MODELS, help="where to write (%(default)s)")
    p.add_argument("--threads", type=int, default=1)
    p.set_defaults(run=run_calibrate)


def run_calibrate(options) -> None:
    from .calibrate import calibrate

    if len(options.short_name) > 20:
        raise ValueError(f"--short-name {options.short_name!r}: at most 20 characters")
    names = options.name, options.short_name
    report = calibrate(options.work, options.models, *names, threads=options.threads)
    print(json.dumps(report, indent=1))


def add_evaluate(commands) -> None:
    p = commands.add_parser("evaluate", help="judge the written network on the test split, once")
    p.add_argument("--models", type=Path, default=MODELS)
    p.add_argument(
        "--data",
        type=Path,
        help="the data folder, for the outlines; without it no attention figures",
    )
    p.add_argument("--recipe", default="", help="for the list of candidates")
    p.add_argument("--note", default="", help="for the list of candidates")
    p.add_argument("--threads", type=int, default=1)
    p.set_defaults(run=run_evaluate)


def run_evaluate(options) -> None:
    from .evaluate import evaluate, record_candidate

    report = evaluate(options.work, options.models, options.data, options.threads)
    record_candidate(HERE / "candidates.json", report, options.recipe, options.note)
    print(json.dumps({k: v for k, v in report.items() if k != "ci95"}, indent=1))


def add_card(commands) -> None:
    p = commands.add_parser("card", help="write CARD.md and its plots from what was measured")
    p.add_argument("--models", type=Path, default=MODELS)
    p.add_argument(
        "--device",
        type=Path,
        help="output of `dermascope evaluate --json`, for the main table and the words in the manifest",
    )
    p.set_defaults(run=run_card)


def run_card(options) -> None:
    from .card import write_card

    write_card(options.work, options.models, HERE / "candidates.json", options.device)


sys.exit(main())
