"""Pictures from outside are made anew from their pixels alone, so that they may be shown where they stand.

What else a file carries (places, cameras, names, a script behind the last byte) does not survive that. Decoding
a stranger's file is bounded: in pixels, in passes over them, in frames, and in how many are at it at a time.
"""

from __future__ import annotations

import fcntl
import io
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from PIL import Image

log = logging.getLogger(__name__)

MAX_PIXELS = 120_000_000  # more is refused: no phone's picture has more
MAX_SIDE = 2560  # what is longer is scaled down
MAX_BYTES = 10 * 1024 * 1024  # of what comes out
# Every pass of a progressive JPEG visits every pixel, and a small file can ask for thousands.
MAX_VISITS = 3_000_000_000
# An animation that has more in all its frames together shows its first.
MAX_ANIMATED_PIXELS = 24_000_000
MAX_FRAMES = 300
AT_ONCE = 3  # threads of a process that may be busy with pictures; the others serve pages
WAIT_SECONDS = 5.0
# Bytes that decoding takes for each pixel: scaled while decoding, coefficients, colours, four copies of a canvas.
_BYTES_A_PIXEL = {"JPEG": 1, "progressive JPEG": 6, "GIF": 2, "PNG": 4, "WEBP": 16}
_TOO_COSTLY = 720_000_000  # only a WebP beyond 45 megapixels is that; it stays a file
_BIG = 100_000_000  # of these a machine makes one at a time

_TYPES = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp", "GIF": "image/gif"}
_ENDINGS = {"JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"), "PNG": (".png",), "WEBP": (".webp",), "GIF": (".gif",)}
_OPTIONS: dict[str, dict[str, int]] = {"JPEG": {"quality": 85}, "WEBP": {"quality": 85, "method": 3}}
_TURNS = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}  # Exif's orientation -> Image.Transpose
_ORIENTATION = 0x0112
_threads = threading.BoundedSemaphore(AT_ONCE)

Image.MAX_IMAGE_PIXELS = MAX_PIXELS  # Pillow itself refuses twice as many, wherever in a file they turn up


class PictureTooLargeError(Exception):
    """It has more than MAX_PIXELS."""


class PicturesBusyError(Exception):
    """Others are being made; there was no turn within WAIT_SECONDS."""


@dataclass(frozen=True)
class Picture:
    """A picture of our own making. `width` and `height` in pixels."""

    content: bytes
    format: str
    width: int
    height: int

    @property
    def type(self) -> str:
        return _TYPES[self.format]

    def name(self, name: str) -> str:
        """The name with an ending that is true."""
        return name if name.lower().endswith(_ENDINGS[self.format]) else name + _ENDINGS[self.format][0]


def remake(file: BinaryIO) -> Picture | None:
    """The picture in a file, made anew; None if there is none that we can read to its end.

    Errors: PictureTooLargeError, PicturesBusyError.
    """
    try:
        with Image.open(file, formats=tuple(_TYPES)) as image:
            cost = _cost_of(image, file)
            if cost is None:
                return None
            with _turn(is_big=cost > _BIG):
                return _made_anew(image)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise PictureTooLargeError from None
    except (PictureTooLargeError, PicturesBusyError):
        raise
    except Exception as error:  # noqa: BLE001  (a decoder raises whatever a broken file makes it trip over)
        log.info("not a picture that can be made anew: %s: %s", type(error).__name__, error)
        return None


def _cost_of(image: Image.Image, file: BinaryIO) -> int | None:
    """The bytes that decoding takes; None if that is too much, in memory or in time."""
    pixels = _pixels_of(image)
    kind = _format_of(image)
    if kind == "JPEG":
        passes = _passes_of(file)
        if passes * pixels > MAX_VISITS:
            return None
        kind = "progressive JPEG" if passes > 2 or "progressive" in image.info else kind  # two: it has a thumbnail
    cost = pixels * _BYTES_A_PIXEL[kind]
    return cost if cost <= _TOO_COSTLY else None


def _format_of(image: Image.Image) -> str:
    """Its format, of those that we make; several JPEGs in one file (as phones make them) are the first."""
    return "JPEG" if image.format == "MPO" else str(image.format)


def _pixels_of(image: Image.Image) -> int:
    pixels = image.width * image.height
    if pixels > MAX_PIXELS:
        raise PictureTooLargeError
    return pixels


def _passes_of(file: BinaryIO) -> int:
    """How often a JPEG begins a pass over its pixels; inside of one these two bytes cannot stand."""
    at = file.tell()
    file.seek(0)
    passes = file.read().count(b"\xff\xda")
    file.seek(at)
    return passes


@contextmanager
def _turn(*, is_big: bool) -> Iterator[None]:
    """Wait for a turn: a few at a time in a process, and of the big ones a single one on this machine."""
    if not _threads.acquire(timeout=WAIT_SECONDS):
        raise PicturesBusyError
    try:
        if not is_big:
            yield
            return
        with Path(__file__).open("rb") as lock:  # any file that all processes have; given back if one dies
            _lock(lock)
            yield
    finally:
        _threads.release()


def _lock(file: BinaryIO) -> None:
    until = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                raise PicturesBusyError from None
            time.sleep(0.05)
        else:
            return


def _made_anew(image: Image.Image) -> Picture:
    kind = _format_of(image)
    frames = _frames_of(image) if kind in ("GIF", "WEBP") else []
    if frames:
        return _animated(kind, frames)
    longest = max(image.size)
    if longest > MAX_SIDE:  # a JPEG can be decoded smaller at once
        image.draft(None, tuple(max(1, side * MAX_SIDE // longest) for side in image.size))  # type: ignore[arg-type]
    image.load()
    _pixels_of(image)  # a first frame may be larger than its canvas
    orientation = _orientation_of(image)  # not before: what a PNG says behind its pixels is looked for by loading them
    image = _scaled(image)
    if orientation in _TURNS:
        image = image.transpose(Image.Transpose(_TURNS[orientation]))
    return _encoded(kind, image)


def _orientation_of(image: Image.Image) -> int:
    """How the camera was held; upright where that cannot be read."""
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # noqa: BLE001  (the rest of the picture may be sound)
        return 1


def _scaled(image: Image.Image) -> Image.Image:
    """At most MAX_SIDE long, in a mode that can be written."""
    if max(image.size) <= MAX_SIDE:
        return _plain(image)
    if image.width * image.height * 4 > _BIG:
        image = _reduced(image, max(image.size) // MAX_SIDE)
    image = _plain(image, keeps_palette=False)
    image.thumbnail((MAX_SIDE, MAX_SIDE), Image.Resampling.LANCZOS, reducing_gap=2.0)
    return image


def _reduced(image: Image.Image, factor: int) -> Image.Image:
    """Smaller by a whole factor, a band at a time: what is done to colours needs a copy of what it is done to."""
    rows = factor * max(1, 4_000_000 // (image.width * factor))
    bands = []
    for top in range(0, image.height, rows):
        band = image.crop((0, top, image.width, min(top + rows, image.height)))
        bands.append(_plain(band, keeps_palette=False).reduce(factor))
    whole = Image.new(bands[0].mode, (bands[0].width, sum(band.height for band in bands)))
    top = 0
    for band in bands:
        whole.paste(band, (0, top))
        top += band.height
    return whole


def _plain(image: Image.Image, *, keeps_palette: bool = True) -> Image.Image:
    """In grey or in colours, with or without transparency; nothing else that the file said of itself."""
    if image.mode == "P" and keeps_palette:
        return _without_words(image, keep=("transparency",))
    if image.mode.startswith("I;16"):
        image = image.point(lambda value: value / 256).convert("L")
    if image.has_transparency_data:
        wanted = "LA" if image.mode in ("L", "LA") else "RGBA"
    else:
        wanted = "L" if image.mode in ("1", "L") else "RGB"
    return _without_words(image if image.mode == wanted else image.convert(wanted))


def _without_words(image: Image.Image, keep: tuple[str, ...] = ()) -> Image.Image:
    image.info = {name: value for name, value in image.info.items() if name in keep}
    return image


def _encoded(kind: str, image: Image.Image) -> Picture:
    if kind == "JPEG" and image.mode not in ("L", "RGB"):
        image = image.convert("RGB")
    content = io.BytesIO()
    image.save(content, kind, **_OPTIONS.get(kind, {}))
    if content.tell() > MAX_BYTES and kind != "WEBP":  # colours that were few are many when they are scaled
        return _encoded("WEBP", image)
    return Picture(content.getvalue(), kind, image.width, image.height)


def _frames_of(image: Image.Image) -> list[tuple[Image.Image, int]]:
    """The frames of a small animation, each with its milliseconds; none if it is not one."""
    size, frames = image.size, list[tuple[Image.Image, int]]()
    if not getattr(image, "is_animated", False) or max(size) > MAX_SIDE:
        return []
    most = min(MAX_FRAMES, MAX_ANIMATED_PIXELS // (size[0] * size[1]))
    for number in range(most + 1):
        try:
            image.seek(number)
        except EOFError:
            return frames if len(frames) > 1 else []
        if image.size != size or number == most:
            break
        frame = image.convert("RGBA")
        frames.append((_without_words(frame), min(10_000, max(20, int(image.info.get("duration") or 100)))))
    image.seek(0)
    return []


def _animated(kind: str, frames: list[tuple[Image.Image, int]]) -> Picture:
    """An animation that goes on for ever, as nearly all do."""
    content = io.BytesIO()
    first = frames[0][0]
    first.save(
        content,
        kind,
        save_all=True,
        append_images=[frame for frame, _ in frames[1:]],
        duration=[milliseconds for _, milliseconds in frames],
        loop=0,
        **({"disposal": 2} if kind == "GIF" else {"quality": 80, "method": 0}),
    )
    if content.tell() > MAX_BYTES:
        return _encoded(kind, first)
    return Picture(content.getvalue(), kind, first.width, first.height)
