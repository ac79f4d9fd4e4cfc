"""Pictures that a visitor may try the page with: computed ones, NIH's at pinned addresses, and an operator's folder."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image, ImageDraw

from cxr.errors import RadiographError
from cxr.reading.radiograph import Radiograph, read_radiograph
from explainers.errors import OptionError
from explainers.page.words import words_of
from hub.errors import SourceError, names_hint
from hub.samples import Credit, SampleFile, fetched, read_samples

SIZE_PX, THUMBNAIL_PX = 1024, 128

MOST_IN_FOLDER = 24

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".dcm", ".dicom", ".ima")


@dataclass(frozen=True)
class Sample:
    """One picture on offer.

    title    what the page calls it
    said     a sentence on what it is
    read     gives the radiograph; may take seconds, or raise SourceError or RadiographError
    small    gives it for a thumbnail, where that is quicker
    credit   where it comes from, where somebody must be named
    address  where the same file is had: here (a path from the page's root) or elsewhere (https); "" if nowhere
    made     whether it is computed: no patient is in it
    planted  the finding whose sign is in it, "" where none is known
    there    whether `read` needs no connection
    """

    title: str
    said: str
    read: Callable[[], Radiograph]
    small: Callable[[], Radiograph] | None = None
    credit: Credit | None = None
    address: str = ""
    made: bool = False
    planted: str = ""
    there: Callable[[], bool] = lambda: True

    @property
    def origin(self) -> str:
        """Its description in files: title, what it is, and where it comes from."""
        return " ".join([f"{self.title}.", self.said, *([str(self.credit)] if self.credit else [])])

    def thumbnail(self) -> Image.Image:
        """A small picture; an arrow down where the radiograph would have to be fetched first."""
        if not self.there():
            return _to_be_fetched()
        return Image.fromarray((self.small or self.read)().display(THUMBNAIL_PX))


class Samples:
    """The samples of one page, by name."""

    def __init__(self, folder: str | None = None) -> None:
        """`folder` of further pictures; SourceError if there is none in it."""
        self._by_name = _computed() | {name: _pinned(each) for name, each in read_samples().items()}
        if folder is not None:
            self._by_name |= _of_folder(Path(folder).expanduser())

    def items(self) -> list[tuple[str, Sample]]:
        """Names and samples, in the order in which they are offered."""
        return list(self._by_name.items())

    def find(self, name: object) -> Sample:
        """The sample of that name; OptionError if there is none."""
        if not isinstance(name, str) or name not in self._by_name:
            raise OptionError(f"There is no sample {name!r}.", names_hint(str(name), self._by_name))
        return self._by_name[name]

    def prepare(self) -> None:
        """Compute the first one, which takes seconds, before somebody waits for it."""
        next(iter(self._by_name.values())).read()


def _computed() -> dict[str, Sample]:
    words = words_of("samples")

    def sample(name: str, finding: str = "", seed: int = 1, **signs: bool) -> tuple[str, Sample]:
        return name, Sample(
            words[name],
            words["computed"].format(shows=words[f"{name}-shows"]),
            _once(lambda: _film(SIZE_PX, seed, signs)),
            lambda: _film(2 * THUMBNAIL_PX, seed, signs),
            address=f"samples/{name}/radiograph.png",
            made=True,
            planted=finding,
        )

    return dict(
        [
            sample("phantom", "Effusion", effusion=True, cardiomegaly=True),
            sample("phantom-nodule", "Nodule", seed=2, nodule=True),
            sample("phantom-pneumothorax", "Pneumothorax", pneumothorax=True),
            sample("phantom-plain"),
        ]
    )


def _film(size: int, seed: int, signs: dict[str, bool]) -> Radiograph:
    """The phantom as its file has it, in 8 bits: whoever saves that file gets the same scores and maps."""
    from cxr.phantom import phantom

    made = phantom(seed, size=size, **signs).radiograph
    return replace(read_radiograph(made.display(size)), kind=made.kind)


def _once(make: Callable[[], Radiograph]) -> Callable[[], Radiograph]:
    """`make`, called once; callers meanwhile wait for it."""
    lock = threading.Lock()
    kept: list[Radiograph] = []

    def made() -> Radiograph:
        with lock:
            if not kept:
                kept.append(make())
            return kept[0]

    return made


def _pinned(file: SampleFile) -> Sample:
    return Sample(
        file.title,
        file.said,
        lambda: read_radiograph(fetched(file)),
        credit=file.credit,
        address=file.address,
        there=file.place.is_file,
    )


def _of_folder(folder: Path) -> dict[str, Sample]:
    if not folder.is_dir():
        raise SourceError(f"There is no folder {folder} of samples.", "Check --samples.")
    found = sorted(each for each in folder.iterdir() if each.suffix.lower() in SUFFIXES)
    if not found:
        raise SourceError(f"There is no picture in {folder}.", f"Samples end in {', '.join(SUFFIXES)}.")
    if len(found) > MOST_IN_FOLDER:
        raise SourceError(f"{folder} has {len(found)} pictures.", f"At most {MOST_IN_FOLDER} are offered as samples.")
    return {f"folder-{number}": _of_file(file) for number, file in enumerate(found, 1)}


def _of_file(file: Path) -> Sample:
    def read() -> Radiograph:
        try:
            content = file.read_bytes()
        except OSError as error:
            raise RadiographError(f"{file.name} can't be read.", "It may have been moved.") from error
        return read_radiograph(content)

    return Sample(file.stem, words_of("samples")["offered"], read)


def _to_be_fetched() -> Image.Image:
    shown = Image.new("L", (THUMBNAIL_PX, THUMBNAIL_PX), 24)
    middle, reach = THUMBNAIL_PX // 2, THUMBNAIL_PX // 6
    top, tip = (middle, middle - reach), (middle, middle + reach)
    pen = ImageDraw.Draw(shown)
    pen.line([top, tip], 150, 4)
    pen.line([(middle - reach // 2, middle + reach // 2), tip, (middle + reach // 2, middle + reach // 2)], 150, 4)
    return shown
