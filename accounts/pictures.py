"""A person's picture, made anew from its pixels alone: what else the file carried (place, camera, a script) is gone."""

from __future__ import annotations

import io
import logging
import uuid

from django.utils.translation import gettext as _
from PIL import Image, ImageOps

log = logging.getLogger(__name__)

SIDE = 256  # pixels
MAX_BYTES = 10 * 1024 * 1024
# Decoding takes memory for every pixel; a JPEG can be decoded smaller at once.
MAX_PIXELS, MAX_JPEG_PIXELS = 40_000_000, 120_000_000
MAX_PASSES = 40  # over the pixels of a progressive JPEG; a camera makes about ten
FORMATS = ("JPEG", "PNG", "WEBP", "GIF")


class PictureError(Exception):
    """It is none that can be used; the text says why, for whoever sent it."""


def make_face(content: bytes) -> bytes:
    """The middle of a picture as a square WebP of SIDE pixels. Errors: PictureError."""
    if len(content) > MAX_BYTES:
        raise PictureError(_("%(limit)s MB at most.") % {"limit": MAX_BYTES // 1024**2})
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            _check_size(image, content)
            return _encode(_square(image))
    except PictureError:
        raise
    except Exception as error:  # noqa: BLE001  (a decoder raises whatever a broken file makes it trip over)
        log.info("not a picture: %s: %s", type(error).__name__, error)
        raise PictureError(_("That is not a picture that we can read. Use a JPEG, PNG, WebP or GIF.")) from None


def file_of(key: uuid.UUID) -> str:
    """Where the picture of this key lies in the storage."""
    return f"pictures/{key.hex}.webp"


def _check_size(image: Image.Image, content: bytes) -> None:
    is_jpeg = image.format in ("JPEG", "MPO")  # the second is several JPEGs in one file, as phones make them
    limit = MAX_JPEG_PIXELS if is_jpeg else MAX_PIXELS
    if image.width * image.height > limit:
        raise PictureError(_("It has too many pixels: %(limit)s million at most.") % {"limit": limit // 1_000_000})
    if is_jpeg and content.count(b"\xff\xda") > MAX_PASSES:
        raise PictureError(_("It takes too long to read. Save it anew and try again."))


def _square(image: Image.Image) -> Image.Image:
    """Upright, its middle, on white where it was transparent."""
    if image.format in ("JPEG", "MPO"):
        image.draft("RGB", (2 * SIDE, 2 * SIDE))
    upright = ImageOps.exif_transpose(image)
    side = min(upright.size)
    left, top = (upright.width - side) // 2, (upright.height - side) // 2
    middle = upright.crop((left, top, left + side, top + side))
    if side > 8 * SIDE and middle.mode in ("L", "RGB", "RGBA"):
        middle = middle.reduce(side // (4 * SIDE))
    face = middle.convert("RGBA").resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    paper = Image.new("RGBA", face.size, "white")
    return Image.alpha_composite(paper, face).convert("RGB")


def _encode(face: Image.Image) -> bytes:
    face.info = {}
    content = io.BytesIO()
    face.save(content, "WEBP", quality=84, method=4)
    return content.getvalue()
