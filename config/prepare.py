"""Brings database, static files and administrator up to date before the services start.

    python -m config.prepare

Run by `config.run` in a process of its own, which ends before the services begin.
"""

import hashlib
import os
import secrets
import sys
from pathlib import Path

import django
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.staticfiles.finders import get_finders
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.db.migrations.executor import MigrationExecutor

from config.embedded.programs import EmbeddedPostgresError

ADMINISTRATOR = "admin"
FAILED = 1


def main() -> int:
    """Prepare everything; the exit status is 0, or 1 after saying what was wrong."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        django.setup()
        migrate()
        collect_static_files()
        create_administrator()
    except (ImproperlyConfigured, EmbeddedPostgresError, CommandError) as error:
        say(str(error))
        return FAILED
    except OperationalError as error:
        say(f"The database cannot be used: {str(error).strip()}")
        return FAILED
    return 0


def say(text: str) -> None:
    """Tell the person at the terminal."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def migrate() -> None:
    """Apply the migrations that the database does not have yet."""
    executor = MigrationExecutor(connection)
    missing = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    if missing:
        say(f"Bringing the database up to date ({missing} migrations) ...")
        call_command("migrate", interactive=False, verbosity=0)


def collect_static_files() -> None:
    """Gather styles and scripts in one folder, unless nothing has changed since the last time."""
    stamp = Path(settings.STATIC_ROOT) / ".stamp"
    digest = _digest_of_static_files()
    if stamp.exists() and stamp.read_text() == digest:
        return
    say("Gathering styles and scripts ...")
    call_command("collectstatic", interactive=False, verbosity=0, clear=True)
    stamp.write_text(digest)


def create_administrator() -> None:
    """Make a first administrator where there is none; the password is shown once and kept nowhere."""
    users = get_user_model()
    if users.objects.filter(is_superuser=True, is_active=True).exists():
        return
    name = ADMINISTRATOR
    while users.objects.filter(username=name).exists():
        name = f"{ADMINISTRATOR}-{secrets.token_hex(2)}"
    password = secrets.token_urlsafe(12)
    users.objects.create_superuser(name, password=password)
    say(
        f"\n  An administrator was made:  name {name}   password {password}\n"
        "  This password is not shown again. Change it after signing in; a forgotten one is replaced with\n"
        f"  `.venv/bin/python manage.py changepassword {name}`.\n"
    )


def _digest_of_static_files() -> str:
    digest = hashlib.sha256()
    for finder in get_finders():
        for path, storage in finder.list([]):
            facts = Path(storage.path(path)).stat()
            digest.update(f"{path} {facts.st_size} {facts.st_mtime_ns}\n".encode())
    return digest.hexdigest()


if __name__ == "__main__":
    sys.exit(main())
