"""Pictures made anew: nothing but pixels survives, and no file costs more than it may."""

from __future__ import annotations

import fcntl
import io
import json
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, PngImagePlugin

from tickets import pictures
from tickets.pictures import MAX_SIDE, PicturesBusyError, PictureTooLargeError, remake

CANARY = b"CANARY-52.3702N-4.8952E"
KINDS = ("JPEG", "PNG", "WEBP", "GIF")


def drawn(kind: str, size: tuple[int, int] = (40, 30), mode: str = "RGB", **options: Any) -> bytes:
    """A file with a red left half on blue."""
    picture = Image.new("RGB", size, "#0000ff")
    picture.paste("#ff0000", (0, 0, size[0] // 2, size[1]))
    file = io.BytesIO()
    picture.convert(mode).save(file, kind, **options)
    return file.getvalue()


def remade(content: bytes) -> Any:
    return remake(io.BytesIO(content))


def opened(picture: Any) -> Image.Image:
    return Image.open(io.BytesIO(picture.content))


def is_red(color: Any) -> bool:
    red, green, blue = color[:3]
    return red > 180 and green < 70 and blue < 70


# --- Nothing but pixels ---


@cache  # a colour profile has the time in it
def with_words(kind: str) -> bytes:
    """A file that tells where it was taken, in every way its format knows, and goes on behind its end."""
    exif = Image.Exif()
    exif[0x010E] = CANARY.decode()
    exif.get_ifd(0x8825)[29] = CANARY.decode()
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes() + CANARY
    options: dict[str, Any] = {"exif": exif, "icc_profile": profile, "comment": CANARY, "xmp": CANARY}
    if kind == "PNG":
        options["pnginfo"] = PngImagePlugin.PngInfo()
        options["pnginfo"].add_text("Comment", CANARY.decode())
        options["pnginfo"].add(b"prVt", CANARY)
    return drawn(kind, **options) + b"<script>" + CANARY


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_picture_tells_of_its_maker_is_gone(kind):
    content = with_words(kind)
    assert CANARY in content
    picture = remade(content)
    assert (picture.format, picture.width, picture.height) == (kind, 40, 30)
    assert CANARY not in picture.content
    assert b"<script>" not in picture.content
    again = opened(picture)
    assert not again.getexif()
    assert not {"comment", "icc_profile", "exif", "xmp"} & set(again.info)
    assert is_red(again.convert("RGB").getpixel((5, 15)))


@pytest.mark.parametrize(("orientation", "red_at"), [
    (1, "left"), (2, "right"), (3, "right"), (4, "left"), (5, "top"), (6, "top"), (7, "bottom"), (8, "bottom"),
])  # fmt: skip
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_stands_as_the_camera_was_held(kind, orientation, red_at):
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = remade(drawn(kind, exif=exif))
    assert (picture.width, picture.height) == ((40, 30) if orientation < 5 else (30, 40))
    width, height = picture.width, picture.height
    spots = {"left": (4, 15), "right": (width - 4, 15), "top": (15, 4), "bottom": (15, height - 4)}
    assert is_red(opened(picture).convert("RGB").getpixel(spots[red_at]))


@pytest.mark.parametrize(
    ("kind", "mode"),
    [("PNG", mode) for mode in ("1", "L", "LA", "P", "RGBA", "I;16")] + [("JPEG", "L"), ("JPEG", "CMYK"), ("GIF", "1")],
)
def test_every_mode_comes_out_the_same(kind, mode):
    picture = Image.linear_gradient("L").resize((40, 30))
    picture = picture.convert("I").point(lambda value: value * 257).convert("I;16") if mode == "I;16" else picture
    file = io.BytesIO()
    (picture if mode == "I;16" else picture.convert(mode)).save(file, kind)
    again = opened(remade(file.getvalue())).convert("L")
    before = Image.linear_gradient("L").resize((40, 30)).convert(mode if mode == "1" else "L").convert("L")
    spots = [(20, 1), (20, 15), (20, 28)]
    assert all(abs(again.getpixel(spot) - before.getpixel(spot)) < 12 for spot in spots)


@pytest.mark.parametrize("size", [(40, 30), (2700, 30)])
@pytest.mark.parametrize("mode", ["P", "RGBA"])
def test_what_was_transparent_still_is(mode, size):
    picture = Image.new("RGBA", size, (255, 0, 0, 255))
    picture.paste((0, 0, 0, 0), (0, 0, size[0] // 2, size[1]))
    file = io.BytesIO()
    (picture.convert("P") if mode == "P" else picture).save(file, "PNG", **({"transparency": 0} if mode == "P" else {}))
    again = opened(remade(file.getvalue())).convert("RGBA")
    before = Image.open(io.BytesIO(file.getvalue())).convert("RGBA").resize(again.size)
    for spot in ((2, 15), (again.width - 2, 15)):
        assert again.getpixel(spot)[3] == before.getpixel(spot)[3]


def test_several_pictures_in_one_file_are_the_first():
    file = io.BytesIO()
    first, second = Image.new("RGB", (40, 30), "#ff0000"), Image.new("RGB", (40, 30), "#0000ff")
    first.save(file, "MPO", save_all=True, append_images=[second])
    picture = remade(file.getvalue())
    assert picture.type == "image/jpeg"
    assert is_red(opened(picture).getpixel((20, 15)))


def test_the_ending_of_a_name_becomes_true():
    png, jpeg = remade(drawn("PNG")), remade(drawn("JPEG"))
    assert [png.name(name) for name in ("rim.png", "RIM.PNG", "page.html", "rim")] == [
        "rim.png", "RIM.PNG", "page.html.png", "rim.png",
    ]  # fmt: skip
    assert [jpeg.name(name) for name in ("a.JPEG", "a.jfif", "a.png")] == ["a.JPEG", "a.jfif", "a.png.jpg"]


# --- Large ones ---


@pytest.mark.parametrize(("kind", "mode"), [("JPEG", "RGB"), ("PNG", "L"), ("GIF", "P"), ("WEBP", "RGB")])
def test_what_is_longer_than_a_screen_is_scaled_down(kind, mode):
    picture = remade(drawn(kind, (3000, 1500), mode))
    assert (picture.width, picture.height) == (MAX_SIDE, MAX_SIDE // 2)


def test_a_hundred_and_twenty_megapixels_are_scaled_and_not_refused():
    file = io.BytesIO()
    Image.linear_gradient("L").resize((12_000, 10_000), Image.Resampling.NEAREST).save(file, "JPEG", quality=30)
    picture = remade(file.getvalue())
    assert (picture.width, picture.height) == (2560, 2133)
    half = opened(picture).convert("L").getpixel((1280, 1066))
    assert abs(half - 128) < 6


def test_a_large_picture_with_few_colours_is_reduced_in_bands():
    file = io.BytesIO()
    Image.linear_gradient("L").resize((6000, 6000), Image.Resampling.NEAREST).save(file, "PNG", compress_level=1)
    again = opened(remade(file.getvalue()))
    assert again.size == (2560, 2560)
    assert [abs(again.getpixel((1280, y)) - y / 10) < 3 for y in range(10, 2560, 150)].count(False) == 0


def test_a_strip_stays_a_strip():
    picture = remade(drawn("PNG", (20_000, 2)))
    assert (picture.width, picture.height) == (2560, 1)


def test_what_would_come_out_too_large_comes_out_otherwise(monkeypatch):
    monkeypatch.setattr(pictures, "MAX_BYTES", 20_000)
    noise = io.BytesIO()
    Image.effect_noise((300, 300), 90).save(noise, "PNG")
    assert remade(noise.getvalue()).format == "WEBP"


# --- Animations ---


def animation(kind: str, frames: int, size: tuple[int, int] = (32, 32)) -> bytes:
    file = io.BytesIO()
    pages = [Image.new("RGB", size, (number * 7 % 256, 80, 200 - number % 200)) for number in range(frames)]
    pages[0].save(file, kind, save_all=True, append_images=pages[1:], duration=120, loop=0, comment=CANARY)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["GIF", "WEBP"])
def test_a_small_animation_goes_on_moving(kind):
    again = opened(remade(animation(kind, 12)))
    assert (again.format, again.n_frames) == (kind, 12)
    again.seek(11)
    again.load()  # Pillow knows a WebP's times once it is decoded
    assert again.info["duration"] == 120
    assert "comment" not in again.info


@pytest.mark.parametrize("kind", ["GIF", "WEBP"])
def test_a_large_animation_shows_its_first_frame(kind, monkeypatch):
    monkeypatch.setattr(pictures, "MAX_FRAMES", 10)
    again = opened(remade(animation(kind, 12)))
    assert getattr(again, "n_frames", 1) == 1
    assert again.convert("RGB").getpixel((5, 5))[2] > 180
    monkeypatch.setattr(pictures, "MAX_FRAMES", 300)
    monkeypatch.setattr(pictures, "MAX_ANIMATED_PIXELS", 32 * 32 * 5)
    assert getattr(opened(remade(animation(kind, 12))), "n_frames", 1) == 1


# --- What is no picture ---


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width: int, height: int, *chunks: bytes, depth: int = 8, color: int = 2) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + chunk(b"IEND", b"")


def riff(*parts: bytes) -> bytes:
    body = b"WEBP" + b"".join(parts)
    return b"RIFF" + struct.pack("<I", len(body)) + body


NO_PICTURES = {
    "nothing": b"",
    "words": b"Just words",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "svg behind an xml line": b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "html": b"<!doctype html><script>alert(1)</script>",
    "html that begins as a png": b"\x89PNG\r\n\x1a\n<html><script>alert(1)</script>",
    "html that begins as a gif": b"GIF89a<html><script>alert(1)</script>",
    "script that begins as a gif": b"GIF89a/*" + b"\0" * 20 + b"*/=1;alert(1)//",
    "html that begins as a jpeg": b"\xff\xd8\xff\xe0<html><script>alert(1)</script>",
    "a header and no more": png(40, 30)[:33],
    "no lines": png(40, 30),
    "not as many lines as it says": png(400, 300, chunk(b"IDAT", zlib.compress(b"\0" * 400))),
    "lines that are not deflated": png(40, 30, chunk(b"IDAT", b"\xde\xad" * 40)),
    "no width": png(0, 30, chunk(b"IDAT", zlib.compress(b"\0" * 30))),
    "half a jpeg": drawn("JPEG", (400, 300))[:-900],
    "half a gif": drawn("GIF", (400, 300))[:60],
    "half a webp": drawn("WEBP", (400, 300))[:80],
    "a riff of something else": b"RIFF\x24\0\0\0WAVEfmt " + b"\0" * 40,
    "pdf": b"%PDF-1.7\n/JS (app.alert(1))",
    "zip": b"PK\x03\x04" + b"\0" * 60,
    "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
    "tiff": drawn("TIFF"),
    "bmp": drawn("BMP"),
    "ico": drawn("ICO"),
}


@pytest.mark.parametrize("name", NO_PICTURES)
def test_what_is_no_whole_picture_of_a_known_kind_is_left_alone(name):
    assert remade(NO_PICTURES[name]) is None


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_broken_file_raises(kind, data):
    content = bytearray(with_words(kind))
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with suppress(PictureTooLargeError):  # a size was hit
        remade(bytes(content[: data.draw(st.integers(1, len(content)))]))


# --- Bombs ---


def many_passes() -> bytes:
    """A progressive JPEG that asks for its pixels to be visited thousands of times."""
    content = drawn("JPEG", (4000, 4000), progressive=True)
    last = content.rindex(b"\xff\xda")
    one_pass = b"\xff\xda\x00\x08\x01\x01\x00\x3f\x3f\x10\x00"
    return content[:last] + one_pass * 3000 + content[last:]


def many_frames() -> bytes:
    gif = animation("GIF", 3, (900, 900))
    start = gif.index(b"!\xf9")
    frames, end = gif[start:-1], gif[-1:]
    return gif[:start] + frames * 2000 + end


def frame_beyond_its_canvas() -> bytes:
    gif = bytearray(drawn("GIF", (10, 10)))
    at = gif.index(b",", 13 + 3 * 2 ** ((gif[10] & 7) + 1))
    gif[at + 1 : at + 9] = struct.pack("<HHHH", 0, 0, 65535, 65535)
    return bytes(gif)


def zeros(count: int) -> bytes:
    return zlib.compress(b"\0" * count, 9)


BOMBS: dict[str, Callable[[], bytes]] = {
    "50,000 x 50,000": lambda: png(50_000, 50_000, chunk(b"IDAT", zeros(5_000_000)), depth=1, color=0),
    "2^31 x 2^31": lambda: png(2**31 - 1, 2**31 - 1, chunk(b"IDAT", zeros(1000))),
    "words that unpack to gigabytes": lambda: png(
        40, 30, *[chunk(b"zTXt", b"a\0\0" + zeros(60_000_000))] * 20, chunk(b"IDAT", zeros(40 * 30 * 3 + 30))
    ),
    "a profile that unpacks to gigabytes": lambda: png(
        40, 30, chunk(b"iCCP", b"a\0\0" + zeros(300_000_000)), chunk(b"IDAT", zeros(40 * 30 * 3 + 30))
    ),
    "lines without an end": lambda: png(40, 30, *[chunk(b"IDAT", zeros(50_000_000))] * 5),
    "a canvas of 268 megapixels": lambda: riff(
        b"VP8X\x0a\0\0\0\0\0\0\0" + b"\xfe\x3f\0\xfe\x3f\0", drawn("WEBP", (10, 10))[12:]
    ),
    "a webp of 64 megapixels": lambda: drawn("WEBP", (8000, 8000), method=0, lossless=True),
    "a jpeg of 65,500 x 65,500": lambda: b"\xff\xd8\xff\xc0\x00\x0b\x08\xff\xdc\xff\xdc\x01\x01\x11\x00" + b"\0" * 9000,
    "thousands of passes": many_passes,
    "thousands of frames": many_frames,
    "a frame beyond its canvas": frame_beyond_its_canvas,
}
REFUSED = {"50,000 x 50,000", "2^31 x 2^31", "a jpeg of 65,500 x 65,500", "a canvas of 268 megapixels"}
_MEASURE = """
import json, resource, sys, time
from tickets.pictures import PictureTooLargeError, remake
before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
with open(sys.argv[1], "rb") as file:
    try:
        picture = remake(file)
        said = "made" if picture else "left alone"
    except PictureTooLargeError:
        said = "refused"
grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
print(json.dumps([said, time.process_time() - start, grown]))
"""


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_costs_neither_time_nor_memory(name, tmp_path):
    """In a process of its own, whose memory and time can be measured: megabytes, and seconds of a processor."""
    file = tmp_path / "bomb"
    file.write_bytes(BOMBS[name]())
    root = Path(pictures.__file__).parent.parent
    asked = [sys.executable, "-c", _MEASURE, str(file)]
    done = subprocess.run(asked, cwd=root, capture_output=True, text=True, timeout=60, check=True)
    said, seconds, megabytes = json.loads(done.stdout)
    if name in REFUSED:
        assert said == "refused"
    assert seconds < 2
    assert megabytes < 150


# --- Turns ---


def test_whoever_finds_all_turns_taken_is_told_so(monkeypatch):
    monkeypatch.setattr(pictures, "WAIT_SECONDS", 0.05)
    for _ in range(pictures.AT_ONCE):
        pictures._threads.acquire()
    try:
        with pytest.raises(PicturesBusyError):
            remade(drawn("PNG"))
    finally:
        pictures._threads.release(pictures.AT_ONCE)
    assert remade(drawn("PNG"))


def test_a_machine_makes_one_big_picture_at_a_time(monkeypatch):
    monkeypatch.setattr(pictures, "WAIT_SECONDS", 0.05)
    monkeypatch.setattr(pictures, "_BIG", 1000)
    with Path(pictures.__file__).open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # as another process would
        with pytest.raises(PicturesBusyError):
            remade(drawn("PNG"))
    assert remade(drawn("PNG"))


def test_turns_are_given_back_after_a_broken_file():
    for _ in range(pictures.AT_ONCE + 1):
        assert remade(drawn("PNG", (400, 300))[:-60]) is None
    assert remade(drawn("PNG"))
