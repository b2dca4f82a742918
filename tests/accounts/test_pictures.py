"""People's pictures: made anew, small, square, and gone when they are taken away."""

from __future__ import annotations

import io
import struct
import uuid
import zlib

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from PIL import Image, ImageDraw

from accounts import pictures
from accounts.actions import remove_picture, set_picture, update_profile
from accounts.models import User
from accounts.pictures import SIDE, PictureError, make_face
from tests.pictures import picture
from tickets.actions import post_message
from tickets.emails import answers
from tickets.serializers import person_json


@pytest.fixture(autouse=True)
def own_storage(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


def stored(folder) -> list[str]:
    return sorted(path.name for path in (folder / "pictures").glob("*")) if (folder / "pictures").exists() else []


def png_that_claims(width: int, height: int) -> bytes:
    """A file of some bytes that would be a picture of that size."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


# --- Making it anew ------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
@pytest.mark.parametrize("size", [(40, 30), (1, 1), (3, 900), (2500, 1400)])
def test_whatever_comes_in_a_small_square_webp_goes_out(kind, size):
    face = opened(make_face(picture(size, kind)))
    assert (face.format, face.size, face.mode) == ("WEBP", (SIDE, SIDE), "RGB")
    red, green, blue = face.getpixel((SIDE // 2, SIDE // 2))
    assert red > 240
    assert green < 15
    assert blue < 15


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16", "YCbCr"])
def test_every_kind_of_pixel_is_understood(mode):
    kind = "JPEG" if mode in ("CMYK", "YCbCr") else "PNG"
    content = io.BytesIO()
    Image.new(mode, (3000, 2000)).save(content, kind)
    assert opened(make_face(content.getvalue())).size == (SIDE, SIDE)


def test_its_middle_is_taken():
    wide = Image.new("RGB", (300, 100), "blue")
    ImageDraw.Draw(wide).rectangle((100, 0, 199, 99), fill="white")
    content = io.BytesIO()
    wide.save(content, "PNG")
    face = opened(make_face(content.getvalue()))
    for corner in ((3, 3), (SIDE - 4, SIDE - 4), (3, SIDE - 4)):
        assert min(face.getpixel(corner)) > 240


def test_what_is_transparent_becomes_white():
    face = opened(make_face(picture(mode="RGBA", color=(255, 0, 0, 0))))
    assert min(face.getpixel((9, 9))) > 250


def test_it_stands_upright_and_says_nothing_of_camera_and_place():
    exif = Image.Exif()
    exif[0x0112] = 6  # held sideways
    exif[0x010F] = "Canary"
    exif[0x8825] = {1: "N", 2: (52.0, 22.0, 0.0)}
    image = Image.new("RGB", (200, 200), "blue")
    ImageDraw.Draw(image).rectangle((0, 0, 99, 199), fill="white")  # its left half, which is its top
    content = io.BytesIO()
    image.save(content, "JPEG", exif=exif, comment=b"Canary", icc_profile=b"Canary" * 50)
    assert b"Canary" in content.getvalue()
    made = make_face(content.getvalue())
    face = opened(made)
    assert b"Canary" not in made
    assert not face.getexif()
    assert set(face.info) <= {"background", "loop", "timestamp", "duration"}
    assert min(face.getpixel((128, 20))) > 240
    assert face.getpixel((128, 235))[0] < 60


def test_what_stands_behind_the_picture_is_gone():
    assert b"<script>" not in make_face(picture() + b"<script>alert(1)</script>")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>",
        b"GIF89a",
        b"\xff\xd8\xff" + b"\x00" * 300,
        b"\x89PNG\r\n\x1a\n" + b"\x00" * 300,
        picture()[:60],
        picture((400, 300), "JPEG")[:700],
        b"%PDF-1.7",
        b"BM" + b"\x00" * 200,
        picture(kind="TIFF"),
    ],
)
def test_what_is_no_picture_is_refused(content):
    with pytest.raises(PictureError):
        make_face(content)


def test_bombs_are_refused_before_they_are_unpacked(monkeypatch):
    monkeypatch.setattr(Image.Image, "load", lambda self: pytest.fail("its pixels were unpacked"))
    for size in ((20_000, 20_000), (65_000, 65_000), (1, 2_000_000_000)):
        with pytest.raises(PictureError):
            make_face(png_that_claims(*size))


def test_a_jpeg_of_many_passes_is_refused():
    content = picture((64, 64), "JPEG")
    with pytest.raises(PictureError):
        make_face(content + b"\xff\xda" * (pictures.MAX_PASSES + 1))


def test_a_large_photo_is_taken():
    face = opened(make_face(picture((9000, 6000), "JPEG", quality=20)))  # 54 megapixels
    assert face.size == (SIDE, SIDE)


def test_too_many_bytes_are_refused(monkeypatch):
    monkeypatch.setattr(pictures, "MAX_BYTES", 50)
    with pytest.raises(PictureError):
        make_face(picture())


# --- Keeping it ----------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_picture_is_kept_replaced_and_removed(alice, own_storage):
    assert alice.picture_path is None
    first = set_picture(alice, by=alice, content=picture())
    assert stored(own_storage) == [f"{first.picture_key.hex}.webp"]
    second = set_picture(alice, by=alice, content=picture(color="blue"))
    assert second.picture_key != first.picture_key
    assert stored(own_storage) == [f"{second.picture_key.hex}.webp"]
    assert remove_picture(alice, by=alice).picture_path is None
    remove_picture(alice, by=alice)  # twice is harmless
    assert stored(own_storage) == []


@pytest.mark.django_db(transaction=True)
def test_the_old_picture_stays_if_the_change_does_not(alice, own_storage):
    first = set_picture(alice, by=alice, content=picture())
    with transaction.atomic():
        remove_picture(alice, by=alice)
        transaction.set_rollback(True)
    assert stored(own_storage) == [f"{first.picture_key.hex}.webp"]
    assert User.objects.get(pk=alice.pk).picture_key == first.picture_key


@pytest.mark.django_db
def test_a_picture_that_could_not_be_noted_is_not_left_behind(alice, own_storage):
    gone = User(pk=alice.pk + 999, name="Nobody", role="agent")
    with pytest.raises(KeyError):
        set_picture(gone, by=None, content=picture())
    assert stored(own_storage) == []


@pytest.mark.django_db
def test_what_is_refused_leaves_the_picture_there(alice, own_storage):
    before = set_picture(alice, by=alice, content=picture()).picture_key
    with pytest.raises(ValidationError) as refused:
        set_picture(alice, by=alice, content=b"<svg>")
    assert "picture" in refused.value.message_dict
    assert User.objects.get(pk=alice.pk).picture_key == before


@pytest.mark.django_db
@pytest.mark.parametrize("actor", ["bob", "charlie", "lea", "sue"])
def test_nobody_changes_another_ones_face(request, actor, alice, adam):
    by = request.getfixturevalue(actor)
    set_picture(alice, by=alice, content=picture())
    for act in (lambda: set_picture(alice, by=by, content=picture()), lambda: remove_picture(alice, by=by)):
        with pytest.raises(PermissionDenied):
            act()
    assert remove_picture(alice, by=adam).picture_key is None  # who manages people may take one down


# --- On the pages --------------------------------------------------------------------------


@pytest.mark.django_db
def test_it_is_chosen_shown_to_anybody_and_taken_away_on_ones_own_page(alice):
    inside = Client()
    inside.force_login(alice)
    file = SimpleUploadedFile("../../me.jpg", picture((80, 60), "JPEG"))
    answer = inside.post("/settings/profile/picture/", {"picture": file}, follow=True)
    alice.refresh_from_db()
    assert alice.picture_path == f"/pictures/{alice.picture_key}/"
    assert answer.content.decode().count(alice.picture_path) >= 2  # the page and the rail
    shown = Client().get(alice.picture_path)
    assert opened(b"".join(shown.streaming_content)).size == (SIDE, SIDE)
    assert shown["Content-Type"] == "image/webp"
    assert shown["Cache-Control"] == "public, max-age=31536000, immutable"
    assert shown["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in shown["Content-Security-Policy"]
    assert "Set-Cookie" not in shown
    inside.post("/settings/profile/picture/remove/")
    assert Client().get(alice.picture_path).status_code == 404
    assert "/pictures/" not in inside.get("/settings/profile/").content.decode()


@pytest.mark.django_db
def test_an_unknown_picture_is_not_found_and_not_kept(alice, own_storage):
    answer = Client().get(f"/pictures/{uuid.uuid4()}/")
    assert answer.status_code == 404
    assert "immutable" not in answer.get("Cache-Control", "")
    lost = set_picture(alice, by=alice, content=picture())
    default_storage.delete(f"pictures/{lost.picture_key.hex}.webp")
    assert Client().get(lost.picture_path).status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize("content", [b"", b"<svg onload=alert(1)>", b"\xff\xd8\xff\x00"])
def test_what_cannot_be_used_is_said(alice, content):
    inside = Client()
    inside.force_login(alice)
    answer = inside.post("/settings/profile/picture/", {"picture": SimpleUploadedFile("x.png", content)})
    assert answer.status_code == 422
    assert "picture" in answer.context["picture_form"].errors
    assert inside.post("/settings/profile/picture/", {"picture": "x"}).status_code == 422


@pytest.mark.django_db
def test_a_file_that_is_too_large_is_not_even_read(alice, monkeypatch):
    monkeypatch.setattr("accounts.forms.MAX_BYTES", 100)
    monkeypatch.setattr("accounts.views.profile.actions.set_picture", lambda *_, **__: pytest.fail("it was read"))
    inside = Client()
    inside.force_login(alice)
    file = SimpleUploadedFile("x.png", picture((400, 300)))
    assert inside.post("/settings/profile/picture/", {"picture": file}).status_code == 422


# --- What customers see --------------------------------------------------------------------


@pytest.mark.django_db
def test_customers_see_the_name_and_face_that_were_chosen(alice, bob, carla):
    assert person_json(alice, carla)["name"] == "Alice"
    alice = update_profile(alice, by=alice, name=alice.name, public_name=" Ali ", time_zone="", capacity=4)
    alice = set_picture(alice, by=alice, content=picture())
    assert person_json(alice, carla) == {
        "kind": "agent",
        "name": "Ali",
        "initials": "AA",
        "picture": f"/pictures/{alice.picture_key}/",
        "you": False,
    }
    assert person_json(alice, bob)["name"] == "Alice Arden"
    assert person_json(bob, carla)["picture"] is None
    assert person_json(carla, alice)["picture"] is None
    assert person_json(None, carla)["picture"] is None


@pytest.mark.django_db
def test_the_name_for_customers_is_chosen_on_ones_own_page(alice):
    inside = Client()
    inside.force_login(alice)
    form = {"name": "Alice Arden", "public_name": "Ali", "time_zone": "", "availability": "online", "capacity": "4"}
    assert inside.post("/settings/profile/", form).status_code == 302
    alice.refresh_from_db()
    assert (alice.public_name, alice.face_name) == ("Ali", "Ali")
    inside.post("/settings/profile/", form | {"public_name": ""})
    alice.refresh_from_db()
    assert alice.face_name == "Alice"
    assert inside.post("/settings/profile/", form | {"public_name": "x" * 41}).status_code == 422


@pytest.mark.django_db
def test_a_mail_is_signed_with_the_name_that_was_chosen(alice, ticket):
    alice = update_profile(alice, by=alice, name=alice.name, public_name="Ali", time_zone="", capacity=4)
    answer = post_message(ticket, by=alice, body="The right tyre comes tonight.")
    mail = answers(ticket, [answer], dedupe_key="one")
    assert mail is not None
    assert mail.from_name == "Ali at Bellwether Cycles"
    assert "Ali, Bellwether Cycles" in mail.text
    assert "Alice" not in mail.text + mail.html
