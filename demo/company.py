"""Bellwether Cycles: a bicycle shop with a workshop and an online store. Who works there, and who writes in."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from django.conf import settings

from accounts.models import Calendar, Desk, Site, Team, User
from accounts.roles import Role
from chat.actions import create_proactive_message
from customers.actions import change_customer, get_or_create_customer
from customers.models import Address, Company, Customer
from tickets.actions.promises import Terms, give_promise
from tickets.models import RootCause

NAME = "Bellwether Cycles"
SITE_KEY = "bellwether"
PASSWORD = "demo"  # noqa: S105  (development only: the command refuses to run elsewhere)
ZONE = "Europe/Amsterdam"
SIGNED_IN = "Jonas Reuter"  # who agent@example.com is

TEAMS = {"shop": "Shop", "workshop": "Workshop", "online-orders": "Online orders"}
PEOPLE = [
    # address, name, role, teams
    ("agent@example.com", SIGNED_IN, Role.AGENT, "shop workshop"),
    ("manager@example.com", "Ingrid Solheim", Role.MANAGER, ""),
    ("admin@example.com", "Farid Haddad", Role.ADMIN, ""),
    ("lena@example.com", "Lena Brandt", Role.LEAD, "shop workshop"),
    ("piet@example.com", "Piet de Wit", Role.AGENT, "workshop"),
    ("sofie@example.com", "Sofie Vermeulen", Role.AGENT, "workshop shop"),
    ("amara@example.com", "Amara Diallo", Role.AGENT, "shop"),
    ("tomas@example.com", "Tomás Rivera", Role.AGENT, "shop online-orders"),
    ("meilin@example.com", "Mei-Lin Zhou", Role.AGENT, "online-orders"),
    ("yusuf@example.com", "Yusuf Demir", Role.AGENT, "online-orders"),
    ("grace@example.com", "Grace Mwangi", Role.LEAD, "online-orders"),
]

# What customers call them, where it is not their first name.
PUBLIC_NAMES = {"Mei-Lin Zhou": "Mei", "Tomás Rivera": "Tomás from the shop", "Piet de Wit": "Piet, workshop"}
GREETINGS = {
    "de": "Hallo! Eine Frage zu Rad, Reparatur oder Bestellung? Einfach fragen.",
    "fr": "Bonjour ! Une question sur un vélo, une réparation ou une commande ? Demandez-nous.",
    "es": "¡Hola! ¿Una pregunta sobre una bici, una reparación o un pedido? Pregúntanos.",
    "ar": "مرحبًا! هل لديك سؤال عن دراجة أو إصلاح أو طلب؟ اسألنا.",
}
LANGUAGES = ["en", "de", "fr", "es", "ar"]
PROACTIVE = [
    {
        "name": "Choosing a bike",
        "text": "Not sure about the size? Tell us your height and where you ride, and we measure it out for you.",
        "page": "/widget/demo/*",
        "seconds": 40,
        "hours_between": 72,
    },
    {
        "name": "Riders with a subscription",
        "text": "Your next check is free with your subscription. Shall we book it?",
        "page": "/account/*",
        "seconds": 10,
        "conditions": {"plan": "subscription"},
        "hours_between": 0,
    },
]

# The chat's hours, Monday to Sunday; the shop itself closes earlier.
# What customers read, what is measured, and whether the chat says it.
PROMISES: list[tuple[str, dict[str, Any], bool]] = [
    ("A first answer within 30 minutes of opening hours", {"measure": "first_answer", "minutes": 30}, True),
    ("No question waits longer than 2 hours", {"measure": "next_answer", "minutes": 120}, True),
    (
        "Put right within three working days",
        {"measure": "solved", "minutes": 42 * 60, "is_paused_while_pending": True},
        False,
    ),
]
HOURS = {str(day): [["08:00", "22:00"]] for day in range(6)} | {"6": [["10:00", "18:00"]]}

CAUSES = {
    ("ordering", "Ordering"): {
        "tyre-size": "Tyre size read off the frame",
        "stock-count": "Stock count was wrong",
        "double-charge": "Charged twice at checkout",
        "wrong-price": "Price differed from the label",
    },
    ("delivery", "Delivery"): {
        "parcel-at-depot": "Parcel left at the depot",
        "missing-part": "Part missing in the box",
        "transport-damage": "Damaged on the way",
        "no-tracking": "Tracking mail never sent",
    },
    ("workshop-work", "Workshop"): {
        "appointment-not-entered": "Appointment not entered",
        "not-adjusted": "Left without being adjusted",
        "part-late": "Supplier was late with a part",
        "no-call-back": "Promised call not made",
    },
    ("knowing", "Knowing"): {
        "unclear-page": "Product page was unclear",
        "hours-online": "Opening hours wrong online",
        "assembly-guide": "Assembly guide hard to follow",
    },
}

COMPANIES = {
    "Okafor & Sons": "okafor-sons.example",
    "Oakline Couriers": "oakline.example",
    "Studio Noordlicht": "noordlicht.example",
    "Hogeschool Amstel": "hs-amstel.example",
    "Café De Fietsbel": "fietsbel.example",
}

# name, locale, time zone where it is not ours, company
CUSTOMERS = [
    ("Nadia Okafor", "en", "", "Okafor & Sons"),
    ("Henrik Aasen", "nb", "Europe/Oslo", ""),
    ("Mira Castellanos", "es", "", ""),
    ("Tomasz Lewandowski", "pl", "Europe/Warsaw", ""),
    ("Willem van den Berg", "nl", "", "Oakline Couriers"),
    ("Priya Raghunathan", "en", "", "Hogeschool Amstel"),
    ("Joost Hendriks", "nl", "", ""),
    ("Chiara Bellini", "it", "Europe/Rome", ""),
    ("دانا فارس", "ar", "", ""),
    ("Oluwaseun Adeyemi", "en", "Europe/London", ""),
    ("Anneke Visser", "nl", "", "Café De Fietsbel"),
    ("Daniel Kowalczyk", "pl", "", ""),
    ("Hanna Lindqvist", "sv", "Europe/Stockholm", ""),
    ("Rashid Al-Mansouri", "en", "Asia/Dubai", ""),
    ("Fleur Dubois", "fr", "Europe/Paris", ""),
    ("Bram Kuipers", "nl", "", "Oakline Couriers"),
    ("Yuki Tanabe", "ja", "", "Studio Noordlicht"),
    ("Marloes de Graaf", "nl", "", ""),
    ("Sebastian Vogel", "de", "Europe/Berlin", ""),
    ("Leila Benali", "fr", "", ""),
    ("Graham Whitfield", "en", "Europe/London", ""),
    ("Zsófia Nagy", "hu", "Europe/Budapest", ""),
    ("Kwame Mensah", "en", "", ""),
    ("Ines Carvalho", "pt", "Europe/Lisbon", ""),
    ("Ruben Smit", "nl", "", ""),
    ("Aoife Brennan", "en", "Europe/Dublin", ""),
    ("Mehmet Yılmaz", "tr", "", ""),
    ("Charlotte Peeters", "nl", "Europe/Brussels", ""),
    ("Ravi Deshmukh", "en", "", "Hogeschool Amstel"),
    ("Elin Bergström", "sv", "Europe/Stockholm", ""),
    ("Dirk Janssen", "nl", "", ""),
    ("Sara Haile", "en", "", ""),
    ("Nikos Papadakis", "el", "Europe/Athens", ""),
    ("Femke Bosman", "nl", "", ""),
    ("Lukas Steiner", "de", "Europe/Vienna", ""),
    ("Valentina Moreau", "fr", "", "Studio Noordlicht"),
    ("Jack Thornton", "en", "Europe/London", ""),
    ("Noor Bakkali", "nl", "", ""),
    ("Emeka Nwosu", "en", "", ""),
    ("Astrid Holm", "da", "Europe/Copenhagen", ""),
    ("Thijs Mulder", "nl", "", ""),
    ("Li Ming", "zh", "", ""),
    ("Carmen Ortega", "es", "Europe/Madrid", ""),
    ("Pieter-Jan Claes", "nl", "Europe/Brussels", ""),
    ("Magda Wiśniewska", "pl", "", ""),
    ("Samuel Osei", "en", "", ""),
    ("Lotte Hoekstra", "nl", "", ""),
    ("Jürgen Bachmann", "de", "Europe/Berlin", ""),
    ("Imani Wekesa", "en", "", ""),
    ("Stijn Verhoeven", "nl", "", ""),
    ("Katarzyna Zielińska", "pl", "Europe/Warsaw", ""),
    ("Oscar Lindgren", "sv", "", ""),
    ("Beatriz Fonseca", "pt", "", ""),
    ("Hugo Martens", "nl", "", ""),
    ("Amina Yusuf", "en", "", ""),
    ("Wolfgang Hohenlohe-Waldenburg", "de", "Europe/Berlin", ""),
    ("Tess Groenewegen", "nl", "", ""),
    ("Rosalind Achterberg", "en", "", ""),
    ("Gideon Levi", "en", "", ""),
    ("Maartje Schouten", "nl", "", ""),
    ("Patrick O'Sullivan", "en", "Europe/Dublin", ""),
    ("Eva Novotná", "cs", "Europe/Prague", ""),
]
_ADDRESSES = {"دانا فارس": "dana.faris@example.org"}


@dataclass(frozen=True)
class Cast:
    """Everyone and everything that the stories refer to, by short name."""

    site: Site
    calendar: Calendar
    teams: dict[str, Team]
    people: dict[str, User]
    members: dict[str, list[User]]
    causes: dict[str, RootCause]
    customers: dict[str, Customer]


def found_company(now: datetime, rng: Random) -> Cast:
    """Make the company, its people and its customers. The database must not have a company yet."""
    Desk.objects.create(name=NAME, time_zone=ZONE, currency="EUR", promise_minutes=30)
    teams = {slug: Team.objects.create(slug=slug, name=name) for slug, name in TEAMS.items()}
    people = _people(teams, now)
    calendar = Calendar.objects.create(name="Chat hours", time_zone=ZONE, hours=HOURS, holidays=_holidays(now.year))
    for words, measured, is_public in PROMISES:
        terms = Terms(calendar=calendar, **measured)
        give_promise(by=None, words=words, terms=terms, is_public=is_public, at=now - timedelta(days=90))
    return Cast(
        site=_site(teams["shop"], calendar),
        calendar=calendar,
        teams=teams,
        people={user.name: user for user, _ in people},
        members={slug: [user for user, slugs in people if slug in slugs] for slug in teams},
        causes=_causes(),
        customers=_customers(people[0][0], now, rng),
    )


def _people(teams: dict[str, Team], now: datetime) -> list[tuple[User, list[str]]]:
    people = []
    for email, name, role, slugs in PEOPLE:
        user = User.objects.create_user(
            email,
            PASSWORD,
            name=name,
            public_name=PUBLIC_NAMES.get(name, ""),
            role=role,
            time_zone=ZONE,
            created_at=now - timedelta(days=400),
        )
        user.teams.set(teams[slug] for slug in slugs.split())
        people.append((user, slugs.split()))
    return people


def _holidays(year: int) -> list[str]:
    return [
        date(a_year, month, day).isoformat()
        for a_year in (year, year + 1)
        for month, day in ((1, 1), (12, 25), (12, 26))
    ]


def _site(team: Team, calendar: Calendar) -> Site:
    near = [f"http://{host}:{settings.PORT}" for host in ("localhost", "127.0.0.1")]
    site = Site.objects.create(
        key=SITE_KEY,
        name=NAME,
        url=f"{settings.SITE_URL}/widget/demo/",
        allowed_origins=list(dict.fromkeys([settings.SITE_URL, *near])),
        greeting="Hello! A question about a bike, a repair or an order? Just ask.",
        greetings=GREETINGS,
        languages=LANGUAGES,
        team=team,
        calendar=calendar,
    )
    for message in PROACTIVE:
        create_proactive_message(site, by=None, **message)
    return site


def _causes() -> dict[str, RootCause]:
    causes = {}
    for (slug, name), children in CAUSES.items():
        parent = RootCause.objects.create(slug=slug, name=name)
        for child_slug, child_name in children.items():
            causes[child_slug] = RootCause.objects.create(slug=child_slug, name=child_name, parent=parent)
    return causes


def _customers(by: User, now: datetime, rng: Random) -> dict[str, Customer]:
    companies = {name: Company.objects.create(name=name, domain=domain) for name, domain in COMPANIES.items()}
    customers = {}
    for name, locale, zone, company in CUSTOMERS:
        customer, _ = get_or_create_customer(by=by, email=_address(name), name=name, proof=Address.Proof.PROVED)
        if company:
            customer = change_customer(customer, by=by, company=companies[company])
        customer.locale, customer.time_zone = locale, zone or ZONE
        customer.created_at = now - timedelta(days=rng.randint(90, 1900))
        customers[name] = customer
    Customer.objects.bulk_update(customers.values(), ["locale", "time_zone", "created_at"])
    return customers


_NO_ACCENT = str.maketrans({"ł": "l", "ø": "o", "ı": "i", "'": None})  # letters that Unicode does not take apart


def _address(name: str) -> str:
    """`first.last` at one of the domains that belong to nobody."""
    if name in _ADDRESSES:
        return _ADDRESSES[name]
    plain = unicodedata.normalize("NFKD", name.lower().translate(_NO_ACCENT)).encode("ascii", "ignore").decode()
    words = plain.split()
    domain = ("example.org", "example.net", "example.com")[len(name) % 3]
    return f"{words[0]}.{words[-1]}@{domain}"
