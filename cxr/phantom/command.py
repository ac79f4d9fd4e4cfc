"""The command line of synthetic chests: python -m cxr phantom FILE | phantom --many N --labels CSV --out DIR"""

import argparse
from pathlib import Path

from cxr.errors import RadiographError
from hub.command_line import add_command, output_file, output_folder

SIGNS = ("effusion", "cardiomegaly", "nodule", "pneumothorax")
ONE_SIZE_PX, MANY_SIZE_PX = 1024, 256


def add_phantom(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add it to `python -m cxr`."""
    command = add_command(
        commands,
        "phantom",
        help="write synthetic radiographs, which show no patient: one picture, or a labelled data set",
        example="python -m cxr phantom radiograph.png --effusion\n"
        "  python -m cxr phantom --many 64 --labels labels.csv --out chests",
        run=_phantom,
    )
    command.add_argument(
        "file", nargs="?", type=output_file, metavar="FILE", help="the PNG file to write; an existing file is replaced"
    )
    command.add_argument(
        "--seed", type=_seed, default=1, metavar="N", help="number of the body (default: 1, the page's); with --many: "
        "of the first body"
    )  # fmt: skip
    command.add_argument(
        "--size",
        type=int,
        metavar="PX",
        help=f"side of the square picture in pixels, 64 to 4096 (default: {ONE_SIZE_PX}; with --many: {MANY_SIZE_PX})",
    )
    for sign in SIGNS:
        command.add_argument(f"--{sign}", action="store_true", help=f"show the finding {sign} (default: not shown)")
    command.add_argument(
        "--many", type=_count, metavar="N", help="write N pictures of N/2 patients, with different findings"
    )
    command.add_argument(
        "--labels", type=output_file, metavar="CSV", help="with --many: table of labels, patients and parts to write"
    )
    command.add_argument(
        "--out", type=output_folder, metavar="DIR", help="with --many: folder for images/ and boxes.csv"
    )


def _phantom(given: argparse.Namespace) -> int:
    one, many = given.file is not None, given.many is not None
    signs = {sign: getattr(given, sign) for sign in SIGNS}
    if one == many:
        raise RadiographError("Give either FILE or --many N.", "See python -m cxr phantom --help.")
    if many and (given.labels is None or given.out is None or any(signs.values())):
        raise RadiographError("--many needs --labels and --out, and chooses the findings itself.")
    try:
        _many(given) if many else _one(given.file, given.seed, given.size or ONE_SIZE_PX, signs)
    except ValueError as error:
        raise RadiographError(str(error)) from error
    return 0


def _one(file: Path, seed: int, size: int, signs: dict[str, bool]) -> None:
    from PIL import Image

    from cxr.phantom import phantom

    made = phantom(seed, size=size, **signs)
    Image.fromarray(made.radiograph.display(size)).save(file, "PNG")
    print(f"wrote {file.name}: {size} × {size} pixels, synthetic; planted: {', '.join(made.truth) or 'nothing'}")


def _many(given: argparse.Namespace) -> None:
    from cxr.phantom.dataset import BOXES, IMAGES, write_dataset

    size = given.size or MANY_SIZE_PX
    write_dataset(given.out, given.labels, given.many, size=size, seed=given.seed)
    print(f"wrote {given.many} synthetic pictures: {given.out / IMAGES}, labels: {given.labels}, "
          f"boxes: {given.out / BOXES} (for the benchmark: --box-side {size})")  # fmt: skip


def _count(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 10_000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of pictures from 1 to 10000.")
    return int(text)


def _seed(text: str) -> int:
    if not text.isdigit() or int(text) > 10_000_000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 to 10000000.")
    return int(text)
