"""`manage.py create_api_token EMAIL`: a key for a program, printed once."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.actions import create_token
from accounts.models import User


class Command(BaseCommand):
    help = "Print a new API token that speaks for this person. It is not shown again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--name", default="command line", help="what uses it")
        parser.add_argument("--days", type=int, help="until it expires; never by default")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(email__iexact=options["email"]).first()
        if user is None:
            raise CommandError(f"Nobody here signs in as {options['email']}.")
        try:
            _, raw = create_token(user, by=None, name=options["name"], days=options["days"])
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self.stdout.write(raw)
