"""The story that the product was founded on, played on the demo company from the wrong tyre to the mended cause.

Only the clock is helped along: what it starts is called when it would be due.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from io import StringIO

import pytest
from django.core.management import call_command
from django.test import override_settings
from django.utils import timezone
from playwright.sync_api import BrowserContext, Page, expect

from accounts.models import User
from demo.recovery import second_visit
from outbox.models import Mail
from recovery.jobs import consider, decide_questions, send_surveys, tell_what_was_fixed
from recovery.models import Case, Offer, Survey
from tests.browser.conftest import sign_in
from tests.browser.looking import open_and_hear
from tests.recovery.offering import steps
from tickets.models import RootCause, Ticket

pytestmark = pytest.mark.browser
PHONE = {"viewport": {"width": 390, "height": 844}, "java_script_enabled": False, "is_mobile": True}


@pytest.fixture
def nadias(live: str) -> Ticket:
    """The demo company, and the ticket of whoever drove forty minutes for a wrong tyre."""
    with override_settings(DEBUG=True):
        call_command("demo", stdout=StringIO())
    consider()  # from now on it looks
    return second_visit()


@pytest.fixture
def open_page(new_window: Callable[..., BrowserContext], live: str) -> Callable[[str], Page]:
    def make(email: str) -> Page:
        window = new_window(base_url=live)
        sign_in(window, User.objects.get(email=email), live)
        return window.new_page()

    return make


def the_clock_ticks(*, until: Callable[[], bool]) -> None:
    """What reads the log waits until every earlier transaction on the server has ended."""
    deadline = time.monotonic() + 60
    while not until():
        assert time.monotonic() < deadline, "nothing came of it"
        consider()
        time.sleep(0.2)


def link_in(mail: Mail, path: str) -> str:
    """The address in a mail that leads to one of the customer's pages."""
    found = re.search(rf"\S+(/{path}/\S+)", mail.text)
    assert found is not None, mail.text
    return found[1]


def test_the_tyre_story(open_page, new_window: Callable[..., BrowserContext], live: str, nadias: Ticket) -> None:
    agent, manager = open_page("agent@example.com"), open_page("manager@example.com")
    phone = new_window(base_url=live, **PHONE).new_page()
    offer = _an_agent_makes_an_offer(agent, nadias)
    _the_manager_approves(manager, offer)
    _nadia_chooses(phone, offer)
    _it_is_done(agent, manager, nadias, offer)
    _it_is_not_right(phone, manager, nadias, offer)
    _the_cause_is_mended(manager, nadias)


def _an_agent_makes_an_offer(page: Page, nadias: Ticket) -> Offer:
    """The case has opened by itself; the agent sees what it took, and what would be more than that."""
    open_and_hear(page, f"/tickets/{nadias.number}/", "heartbeat")
    panel = page.get_by_role("region", name="Making good")
    panel.get_by_text("Mark what no event tells").click()
    driven = page.get_by_role("button", name="Trip for nothing", pressed=True)
    told = panel.locator(".marks li", has=driven)
    told.get_by_role("button", name="Asked twice").click()
    expect(told.get_by_role("button", name="Asked twice", pressed=True)).to_be_visible()
    the_clock_ticks(until=lambda: Case.objects.filter(ticket=nadias).exists())
    page.reload()
    expect(panel.locator(".case")).to_contain_text("Second failure: nothing leaves by itself")
    expect(panel).to_contain_text(re.compile(r"expected\s*10\s*delivered\s*7", re.IGNORECASE))
    expect(panel).to_contain_text("Made a trip for nothing")
    page.locator("#conversation").focus()
    page.keyboard.press("b")
    form = page.locator("#offer-form")
    form.get_by_label("To the customer").fill("We ordered the wrong tyre\n\nIt cost you a morning. We are sorry.")
    for number, kind, words, worth in (
        (1, "kind:loan", "A loan wheel today, and we fit yours at home", "41.20"),
        (2, "kind:credit", "Fitted free at the shop, and €15 back", "15"),
    ):
        option = form.get_by_role("group", name=f"Option {number}")
        option.get_by_label("Remedy").select_option(kind)
        option.get_by_label("What the customer reads").fill(words)
        option.get_by_label("What it is worth").fill(worth)
    expect(form).to_contain_text("Needs approval")
    form.get_by_role("button", name="Send, or ask for approval").click()
    expect(form).not_to_be_visible()
    offer = Offer.objects.get(case__ticket=nadias)
    assert offer.state == Offer.State.AWAITING
    assert not Mail.objects.filter(about=nadias.about, kind__in=["offer", "service_notice"]).exists()
    return offer


def _the_manager_approves(page: Page, offer: Offer) -> None:
    page.goto("/recovery/approvals/")
    asked = page.locator(f"#approval-{offer.pk}")
    expect(asked).to_contain_text("A loan wheel today")
    asked.get_by_role("button", name="Approve and send").click()
    expect(asked).to_have_count(0)
    offer.refresh_from_db()
    assert offer.state == Offer.State.SENT


def _nadia_chooses(phone: Page, offer: Offer) -> None:
    """On a phone that runs no script; looking changes nothing, and a second press gives nothing more."""
    mail = Mail.objects.get(dedupe_key=f"offer-{offer.pk}")
    path = link_in(mail, "offer")
    phone.goto(path)
    assert steps(offer) == [("reserve", offer.ledger.get().amount)]
    phone.get_by_text("A loan wheel today").click()
    phone.get_by_role("button", name="Yes, please").click()
    expect(phone.get_by_role("main")).to_contain_text("Thank you")
    phone.goto(path)
    expect(phone.get_by_role("button", name="Yes, please")).to_have_count(0)
    assert [step for step, _ in steps(offer)] == ["reserve", "issue"]


def _it_is_done(page: Page, manager: Page, nadias: Ticket, offer: Offer) -> None:
    page.goto(f"/tickets/{nadias.number}/")
    panel = page.get_by_role("region", name="Making good")
    panel.get_by_role("button", name="It is done").click()
    expect(panel).to_contain_text("Done on")
    manager.goto("/recovery/ledger/")
    rows = manager.locator("tr", has=manager.locator(f"a[href='{nadias.get_absolute_url()}']"))
    expect(rows).to_have_count(3)
    for step in ("Reserved", "Issued", "Redeemed"):
        expect(rows.filter(has_text=step)).to_contain_text("41.20")
    assert [step for step, _ in steps(offer)] == ["reserve", "issue", "redeem"]


def _it_is_not_right(phone: Page, manager: Page, nadias: Ticket, offer: Offer) -> None:
    """Three days later she is asked. A bad answer is a senior person's, and nothing more leaves by itself."""
    survey = Survey.objects.get(case__ticket=nadias)
    assert (survey.due_at - survey.created_at).days == 3
    assert send_surveys() == 0
    Survey.objects.filter(pk=survey.pk).update(due_at=timezone.now())
    page = manager
    page.goto(f"/tickets/{nadias.number}/")
    words = page.get_by_label("Your words", exact=True)
    words.fill("The loan wheel is yours until Friday.")
    words.press("Control+Enter")
    expect(page.locator("#timeline")).to_contain_text("The loan wheel is yours until Friday.")
    assert send_surveys() == 1
    phone.goto(link_in(Mail.objects.get(dedupe_key=f"survey-{survey.pk}"), "survey"))
    phone.get_by_text("No, something is still wrong").click()
    phone.get_by_role("button", name="Send").click()
    expect(phone.get_by_role("main")).to_contain_text("Thank you")
    mails = Mail.objects.filter(about=nadias.about).count()
    case = Case.objects.get(ticket=nadias)
    assert case.state == Case.State.DETECTED
    assert case.owner is not None
    assert case.owner.role in ("lead", "manager")
    decide_questions()
    assert send_surveys() == 0
    assert Mail.objects.filter(about=nadias.about).count() == mails
    assert Offer.objects.filter(case=case).count() == 1
    page.reload()
    panel = page.get_by_role("region", name="Making good")
    expect(panel.locator(".case-steps .now")).to_have_text("Detected")
    expect(page.locator("#conversation")).to_contain_text("not right")


def _the_cause_is_mended(page: Page, nadias: Ticket) -> None:
    """Everyone who suffered it hears of it, once, however often they had it."""
    cause = RootCause.objects.get(slug="tyre-size")
    page.goto("/root-causes/")
    page.get_by_role("link", name=cause.name).click()
    page.get_by_label("State").select_option("fixed")
    page.get_by_label("What we changed").fill("Whoever orders a tyre reads its own number aloud.")
    page.get_by_role("region", name="Mending it").get_by_role("button", name="Save").click()
    page.get_by_role("link", name="Tell those who suffered it").click()
    page.get_by_label("Tell them from").fill("")
    button = page.get_by_role("button", name=re.compile(r"^Tell \w+ (people|person)"))
    told = int(re.findall(r"\d+", button.inner_text().replace("one", "1"))[0])
    button.click()
    expect(page.locator("#told").get_by_role("status")).to_contain_text(f"0 of {told} were told")
    assert tell_what_was_fixed() == told
    assert tell_what_was_fixed() == 0
    mails = Mail.objects.filter(kind="cause_fixed")
    to = [email.lower() for mail in mails for email in mail.recipients.values_list("email", flat=True)]
    assert len(to) == len(set(to)) == told
    suffered = Ticket.objects.filter(root_cause=cause).values("customer").distinct().count()
    assert 1 < told <= suffered < Ticket.objects.filter(root_cause=cause).count()
