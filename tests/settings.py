"""The platform's settings with a throw-away folder: each test run has its own PostgreSQL, stopped after it.

Tasks that are sent go to a broker in memory and are run by nobody; a test that wants one to run calls it.
What the operator of this machine has set (DATABASE_URL, FACET_...) plays no part here.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

FOLDER_VARIABLE = "PYTEST_FACET_FOLDER"
OWNER_VARIABLE = "PYTEST_FACET_OWNER"
PREFIX = "facet-tests-"

if FOLDER_VARIABLE not in os.environ:
    # Workers of pytest-xdist inherit the environment, and with it the folder of the run they belong to.
    os.environ[FOLDER_VARIABLE] = tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-")
    os.environ[OWNER_VARIABLE] = str(os.getpid())

for name in [name for name in os.environ if name.startswith(("FACET_", "DATABASE_URL", "CELERY_"))]:
    del os.environ[name]
os.environ["FACET_VAR"] = os.environ[FOLDER_VARIABLE]
os.environ["FACET_POSTGRES_DURABLE"] = "no"
os.environ["CELERY_BROKER_URL"] = "memory://"
# Tests import torch by themselves, before faces.encoding can say how its threads shall wait.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from config.embedded.postgres import Cluster, stop  # noqa: E402
from config.embedded.processes import is_alive  # noqa: E402
from config.settings import *  # noqa: E402, F403 - the environment above comes first

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}  # noqa: F405
# Static files are looked for when asked for: a test run collects none.
WHITENOISE_AUTOREFRESH = True


def _clean_up() -> None:
    """Stop this run's PostgreSQL and remove its folder, in the process that made it; and those of killed runs."""
    if os.environ[OWNER_VARIABLE] != str(os.getpid()):
        return
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*-*"):
        owner = folder.name.removeprefix(PREFIX).partition("-")[0]
        is_mine = owner == str(os.getpid())
        is_left_over = owner.isdigit() and not is_alive(int(owner)) and folder.stat().st_uid == os.geteuid()
        if is_mine or is_left_over:
            stop(Cluster(folder / "postgres"))
            shutil.rmtree(folder, ignore_errors=not is_mine)


atexit.register(_clean_up)
