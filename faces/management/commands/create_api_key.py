"""manage.py create_api_key NAME --scope SCOPE --gallery NAME."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import CommandError
from django.utils import timezone

from faces.management.base import ERROR, FacetCommand, count_argument, text_argument
from faces.models import ApiKey
from faces.services.api_keys import create_api_key
from faces.services.galleries import get_gallery

MAX_DAYS = 36_500


class Command(FacetCommand):
    """Make a key for a program that calls the REST API."""

    help = (
        "Make a key for a program that calls the REST API. Standard output holds the key alone; it is shown this once."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what can be said."""
        parser.add_argument("name", type=text_argument, metavar="NAME", help="Which program uses it.")
        parser.add_argument(
            "--scope",
            action="append",
            required=True,
            choices=ApiKey.Scope.values,
            help="What it may do; may be repeated.",
        )
        parser.add_argument(
            "--gallery",
            action="append",
            default=[],
            type=text_argument,
            metavar="NAME",
            help="What it may see; may be repeated.",
        )
        parser.add_argument(
            "--user", type=text_argument, metavar="NAME", help="Who answers for it; the only administrator."
        )
        parser.add_argument(
            "--days", type=count_argument, metavar="N", help="How long it works; for ever if not given."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Make it, and print it once."""
        days: int | None = options["days"]
        if days is not None and days > MAX_DAYS:
            raise CommandError(f"A key works for at most {MAX_DAYS:,} days, or for ever.", returncode=ERROR)
        key, plain = create_api_key(
            name=options["name"],
            scopes=options["scope"],
            galleries=[get_gallery(name) for name in options["gallery"]],
            user=_user(options["user"]),
            expires_at=timezone.now() + timedelta(days=days) if days is not None else None,
        )
        self.stderr.write(f"{key} for {key.created_by}: {', '.join(key.scopes)}. It is not shown again.")
        self.stdout.write(plain)


def _user(name: str | None) -> User:
    if name is not None:
        user = User.objects.filter(username=name, is_active=True).first()
        if user is None:
            raise CommandError(f"There is no active account “{name}”.", returncode=ERROR)
        return user
    administrators = list(User.objects.filter(is_superuser=True, is_active=True).order_by("pk")[:2])
    if len(administrators) != 1:
        found = "several administrators" if administrators else "no administrator"
        raise CommandError(f"There is {found}; say with --user who answers for the key.", returncode=ERROR)
    return administrators[0]
