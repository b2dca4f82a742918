"""Files in the widget's panel: picked, dropped, pasted, sent with the words, and shown."""

from __future__ import annotations

import base64
import re
import struct
import zlib
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Frame, Page, expect

from tests.browser.looking import serious_findings
from tests.browser.test_widget import (
    context,  # noqa: F401  (a fixture, as the next two)
    desk,  # noqa: F401
    expect_bubbles,
    open_widget,
    page,  # noqa: F401
    start,
    until,
    visit,
    write,
)
from tests.widget_client.fake_desk import DESK, FakeDesk, agent_says

pytestmark = pytest.mark.browser
INPUT = "[data-part=composer] textarea"
PDF = {"name": "invoice.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 " * 400}


def png(width: int = 40, height: int = 30) -> bytes:
    """A real picture, of one colour."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    rows = zlib.compress((b"\0" + b"\x0d\x5c\x49" * width) * height)
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def picture(name: str = "rim.png", width: int = 400, height: int = 300) -> dict[str, Any]:
    return {"name": name, "mimeType": "image/png", "buffer": png(width, height)}


def pick(frame: Frame, *files: dict[str, Any]) -> None:
    frame.set_input_files("[data-part=pick]", list(files))  # type: ignore[arg-type]


GIVE = """([kind, files]) => {
    const transfer = new DataTransfer();
    for (const [name, type, base64] of files) {
      const bytes = Uint8Array.from(atob(base64), (sign) => sign.charCodeAt(0));
      transfer.items.add(new File([bytes], name, { type }));
    }
    const options = { bubbles: true, cancelable: true };
    const target = document.querySelector(".log");
    const pasted = { ...options, clipboardData: transfer };
    if (kind === "paste") return target.dispatchEvent(new ClipboardEvent("paste", pasted));
    target.dispatchEvent(new DragEvent("dragenter", { ...options, dataTransfer: transfer }));
    const isShown = !document.querySelector(".veil").hidden;
    target.dispatchEvent(new DragEvent("drop", { ...options, dataTransfer: transfer }));
    return isShown && document.querySelector(".veil").hidden;
}"""


def give(frame: Frame, kind: str, *files: dict[str, Any]) -> bool:
    """Drop or paste files; whether the veil came and went (drop), or the browser may go on (paste)."""
    described = [[file["name"], file["mimeType"], base64.b64encode(file["buffer"]).decode()] for file in files]
    said: bool = frame.evaluate(GIVE, [kind, described])
    return said


def chips(frame: Frame) -> list[str]:
    return frame.locator(".chip .file-name").all_inner_texts()


def test_files_go_up_while_one_writes_and_the_words_carry_their_ids(page: Page, desk: FakeDesk) -> None:  # noqa: F811
    frame = start(page)
    pick(frame, picture(), PDF, picture("unwanted.png"))
    expect(frame.locator(".chip")).to_have_count(3)
    until(page, lambda: len(desk.uploads) == 3)  # before anything is sent
    assert desk.posts() == []
    frame.get_by_role("button", name="Remove unwanted.png").click()
    expect(frame.locator(".chip .file-name")).to_have_text(["rim.png", "invoice.pdf"])
    write(frame, "This one, and the bill for it")
    expect(frame.locator(".chip")).to_have_count(0)
    expect(frame.locator(".state")).to_contain_text("Sent")
    ids = [known for known, file in desk.uploads.items() if file["name"] != "unwanted.png"]
    assert [post["attachments"] for post in desk.posts()] == [ids]
    assert desk.uploads[ids[0]]["bytes"] == picture()["buffer"]
    expect(frame.locator(".picture")).to_have_attribute("data-state", "here")
    expect(frame.get_by_role("button", name=re.compile("Save invoice.pdf"))).to_be_visible()
    assert f"/widget/files/{ids[0]}/" not in desk.requests  # it is here already


def test_a_file_without_words_is_a_message(page: Page, desk: FakeDesk) -> None:  # noqa: F811
    frame = start(page)
    expect(frame.get_by_role("button", name="Send")).to_be_disabled()
    pick(frame, picture())
    frame.get_by_role("button", name="Send").click()
    expect(frame.locator(".state")).to_contain_text("Sent")
    assert [(post["body"], len(post["attachments"])) for post in desk.posts()] == [("", 1)]


@pytest.mark.parametrize("kind", ["drop", "paste"])
def test_files_can_be_dropped_and_pasted(page: Page, desk: FakeDesk, kind: str) -> None:  # noqa: F811
    frame = start(page)
    said = give(frame, kind, picture("one.png"), PDF)
    assert said is (kind == "drop")  # a drop is announced; a paste of files is not also pasted as text
    expect(frame.locator(".chip .file-name")).to_have_text(["one.png", "invoice.pdf"])
    until(page, lambda: len(desk.uploads) == 2)


def test_what_cannot_be_sent_is_said_in_words(page: Page, desk: FakeDesk) -> None:  # noqa: F811
    desk.site |= {"max_file_bytes": 5000, "max_files": 3}
    frame = start(page)
    trouble = frame.locator("[data-part=tray-trouble]")
    pick(frame, {"name": "film.mov", "mimeType": "video/quicktime", "buffer": b"x" * 5001})
    expect(trouble).to_have_text("film.mov is too large. 5 kB is the most.")
    pick(frame, {"name": "nothing.txt", "mimeType": "text/plain", "buffer": b""})
    expect(trouble).to_have_text("nothing.txt is empty.")
    pick(frame, *[picture(f"{number}.png", 9, 9) for number in range(5)])
    expect(trouble).to_have_text("No more than 3 files in one message.")
    expect(frame.locator(".chip")).to_have_count(3)
    for number in range(3):
        frame.get_by_role("button", name=f"Remove {number}.png").click()
    desk.doors["/uploads/"] = 422, {"error": {"code": "invalid", "detail": "No.", "fields": {}}}
    pick(frame, {"name": "virus.exe", "mimeType": "application/x-msdownload", "buffer": b"MZ"})
    expect(trouble).to_have_text("virus.exe cannot be sent here.")
    expect(frame.locator(".chip")).to_have_count(0)
    desk.doors["/uploads/"] = 413, {"error": {"code": "too_long", "detail": "No.", "fields": {}}}
    pick(frame, PDF)
    expect(trouble).to_have_text("invoice.pdf is too large. 5 kB is the most.")
    write(frame, "Never mind")
    expect(frame.locator(".state")).to_contain_text("Sent")
    assert "attachments" not in desk.posts()[0]
    expect(trouble).to_have_text("")


def test_an_upload_shows_how_far_it_is_and_can_be_called_off(page: Page, desk: FakeDesk) -> None:  # noqa: F811
    frame = start(page)
    desk.hold_uploads = True
    pick(frame, {"name": "long film.mov", "mimeType": "video/quicktime", "buffer": b"x" * 3_000_000})
    bar = frame.get_by_role("progressbar")
    expect(bar).to_be_visible()
    until(page, lambda: "an upload that waits" in desk.requests)
    write(frame, "with the film")  # it can be sent before it is over, and waits
    expect(frame.locator(".state")).to_have_text(re.compile(r"Sending, \d+%"))
    write(frame, "and the next words wait behind it")
    page.wait_for_timeout(300)
    assert desk.posts() == []
    pick(frame, PDF)
    expect(frame.locator(".chip progress")).to_have_attribute("title", "0% sent")
    frame.get_by_role("button", name="Remove invoice.pdf").click()
    expect(frame.locator(INPUT)).to_be_focused()
    expect(frame.locator(".chip")).to_have_count(0)


def test_words_never_overtake_their_files_and_nothing_overtakes_them(page: Page, desk: FakeDesk) -> None:  # noqa: F811
    frame = start(page)
    desk.doors["/uploads/"] = 503, {"error": {"code": "unavailable", "detail": "Later.", "fields": {}}}
    pick(frame, picture())
    write(frame, "see the picture")
    write(frame, "second")
    until(page, lambda: desk.requests.count("/widget/uploads/") >= 2, 40)  # tried again by itself
    assert desk.posts() == []
    expect(frame.locator(".state")).to_have_text([re.compile("^Sending, "), "Sending"])
    del desk.doors["/uploads/"]
    until(page, lambda: len(desk.log) == 2, 40)
    assert [post["body"] for post in desk.posts()] == ["see the picture", "second"]
    assert len(desk.posts()[0]["attachments"]) == 1
    assert len(desk.uploads) == 1


KEPT = """() => new Promise((tell) => {
    const opening = indexedDB.open("makegood:bellwether");
    opening.onsuccess = () => {
      const all = opening.result.transaction("files").objectStore("files").getAllKeys();
      all.onsuccess = () => tell(all.result.length);
    };
})"""


@pytest.mark.parametrize("reloads", [False, True])
def test_files_written_without_a_line_are_sent_once_when_it_is_back(
    page: Page,  # noqa: F811
    desk: FakeDesk,  # noqa: F811
    reloads: bool,
) -> None:
    page.goto(f"{DESK}/widget/frame/?site=bellwether")  # by itself, where the browser lets it keep files
    frame = page.main_frame
    write(frame, "before")
    expect(frame.locator(".state")).to_contain_text("Sent")
    desk.cut()
    expect(frame.locator("[data-part=notice]")).to_contain_text("No connection")
    pick(frame, picture("tunnel.png", 20, 10))
    expect(frame.locator(".chip progress")).to_have_attribute("title", "Waiting for the connection")
    write(frame, "from the tunnel")
    expect(frame.locator(".picture")).to_have_attribute("data-state", "here")  # shown from this page's own memory
    until(page, lambda: frame.evaluate(KEPT) == 1)
    assert desk.uploads == {}
    desk.is_down = False
    desk.tickets = [{"ref": desk.ref, "last": 1}]
    if reloads:
        page.reload()
        frame = page.main_frame
    else:
        frame.evaluate("window.dispatchEvent(new Event('online'))")
    until(page, lambda: len(desk.log) == 2)
    expect_bubbles(frame, ["before", "from the tunnel"])
    expect(frame.locator(".picture")).to_have_attribute("data-state", "here")
    assert [file["name"] for file in desk.uploads.values()] == ["tunnel.png"]
    assert next(iter(desk.uploads.values()))["bytes"] == png(20, 10)
    assert len({post["client_id"] for post in desk.posts()}) == 2
    until(page, lambda: frame.evaluate(KEPT) == 0)  # what is sent is not kept


def test_a_file_that_did_not_outlive_the_page_gives_its_words_back(page: Page, desk: FakeDesk) -> None:  # noqa: F811
    page.add_init_script("Object.defineProperty(window, 'indexedDB', { get() { throw new DOMException('closed') } })")
    frame = start(page)
    desk.cut()
    pick(frame, picture())
    expect(frame.locator(".chip progress")).to_have_attribute("title", "Waiting for the connection")
    write(frame, "with a picture that will be gone")
    expect_bubbles(frame, ["with a picture that will be gone"])
    desk.is_down = False
    visit(page)
    frame = open_widget(page)
    again = frame.get_by_role("button", name="Not sent: its file is gone. Tap to write it again")
    expect(again).to_be_visible()
    write(frame, "the next one is not held up")
    until(page, lambda: len(desk.log) == 1)
    again.click()
    expect(frame.locator(INPUT)).to_have_value("with a picture that will be gone")
    expect_bubbles(frame, ["the next one is not held up"])


def test_a_refused_file_gives_words_and_other_files_back(page: Page, desk: FakeDesk) -> None:  # noqa: F811
    frame = start(page)
    desk.hold_uploads = True
    pick(frame, PDF)
    until(page, lambda: "an upload that waits" in desk.requests)
    desk.cut()  # the first try ends nowhere
    write(frame, "the bill")
    desk.hold_uploads = False
    desk.doors["/uploads/"] = 422, {"error": {"code": "invalid", "detail": "No.", "fields": {}}}
    desk.is_down = False
    frame.evaluate("window.dispatchEvent(new Event('online'))")
    again = frame.get_by_role("button", name="Not sent: a file cannot be sent here. Tap to change it")
    expect(again).to_be_visible(timeout=15_000)
    again.click()
    expect(frame.locator(INPUT)).to_have_value("the bill")
    assert chips(frame) == []


def test_without_files_in_the_settings_there_is_no_way_in(page: Page, desk: FakeDesk) -> None:  # noqa: F811
    desk.site["features"] = desk.site["features"] | {"files": False}
    frame = start(page)
    expect(frame.locator("[data-part=attach]")).to_be_hidden()
    frame.evaluate("() => document.querySelector('.log').dispatchEvent(new ClipboardEvent('paste', { bubbles: true }))")
    assert frame.locator(".veil").count() == 0
    assert chips(frame) == []


def test_on_a_phone_the_camera_is_one_of_the_ways(chromium: Any) -> None:
    context = chromium.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)  # noqa: F811
    desk = FakeDesk(context)  # noqa: F811
    page = context.new_page()  # noqa: F811
    page.goto(f"{DESK}/widget/frame/?site=bellwether")
    frame = page.main_frame
    assert frame.locator("[data-part=camera]").get_attribute("capture") == "environment"
    assert frame.locator("[data-part=camera]").get_attribute("accept") == "image/*"
    expect(frame.locator("[data-part=emoji-button]")).to_be_hidden()  # its keyboard has them
    for name, part in (("Take a photo", "camera"), ("Choose files", "pick")):
        frame.get_by_role("button", name="Attach files").tap()
        with page.expect_file_chooser() as choosing:
            frame.get_by_role("button", name=name, exact=True).tap()
        assert choosing.value.element.get_attribute("data-part") == part
    choosing.value.set_files([picture()])  # type: ignore[list-item]
    until(page, lambda: len(desk.uploads) == 1)
    assert serious_findings(page) == []
    context.close()


# ---- what others send


def test_a_picture_keeps_its_place_is_fetched_with_the_token_and_can_be_enlarged(
    page: Page,  # noqa: F811
    desk: FakeDesk,  # noqa: F811
    context: BrowserContext,  # noqa: F811
) -> None:
    frame = start(page)
    write(frame, "Hello")
    expect(frame.locator(".state")).to_contain_text("Sent")
    authorizations: list[str | None] = []
    context.on(
        "request", lambda asked: "/files/" in asked.url and authorizations.append(asked.headers.get("authorization"))
    )
    file = {
        "id": "p1",
        "name": "the <b>rim</b>.png",
        "size": 99,
        "type": "image/png",
        "image": {"width": 800, "height": 400},
    }
    plain = {"id": "s1", "name": "drawing.svg", "size": 99, "type": "image/svg+xml", "image": None}
    event = agent_says("Is it this one?")
    event["message"]["attachments"] = [file, plain]
    desk.happens(event)
    box = frame.locator(".picture").bounding_box()
    assert box
    assert abs(box["width"] / box["height"] - 2) < 0.05  # before a byte of it is here
    expect(frame.locator(".picture")).to_contain_text("This file is not there any more.")
    desk.uploads["p1"] = file | {"bytes": png(800, 400)}
    frame.get_by_role("button", name="Enlarge the <b>rim</b>.png").click()  # tries again
    expect(frame.locator(".picture")).to_have_attribute("data-state", "here")
    assert frame.locator(".picture").bounding_box() == box
    assert authorizations == [f"Bearer {desk.token}"] * 2
    assert frame.locator("img").count() == 1  # only what was made anew is shown
    frame.get_by_role("button", name="Enlarge the <b>rim</b>.png").click()
    dialog = frame.get_by_role("dialog", name="the <b>rim</b>.png")
    expect(dialog).to_be_visible()
    expect(frame.get_by_role("button", name="Close the picture")).to_be_focused()
    assert dialog.locator("b").count() == 0
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(page.locator("makegood-widget .panel")).to_be_visible()  # only the picture was closed
    expect(frame.locator(".picture")).to_be_focused()


@pytest.mark.parametrize("scheme", ["dark", pytest.param("light", marks=pytest.mark.long)])
def test_axe_finds_nothing_where_files_are(page: Page, desk: FakeDesk, scheme: Any) -> None:  # noqa: F811
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.goto(f"{DESK}/widget/frame/?site=bellwether")
    frame = page.main_frame
    pick(frame, picture(), PDF)
    until(page, lambda: len(desk.uploads) == 2)
    frame.fill(INPUT, "Two files")
    assert serious_findings(page) == []
    frame.press(INPUT, "Enter")
    expect(frame.locator(".picture")).to_have_attribute("data-state", "here")
    desk.hold_uploads = True
    pick(frame, PDF)
    expect(frame.get_by_role("progressbar")).to_be_visible()
    assert serious_findings(page) == []
    frame.locator(".picture").click()
    expect(frame.get_by_role("dialog", name="rim.png")).to_be_visible()
    assert serious_findings(page) == []
