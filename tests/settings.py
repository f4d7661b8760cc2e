"""The platform's settings with a throw-away folder: each test run has its own PostgreSQL, stopped after it.

Tasks that are sent go to a broker in memory and are run by nobody; a test that wants one to run calls it.
What the operator of this machine has set (DATABASE_URL, FACET_...) plays no part here.
"""

import os
import tempfile

FOLDER_VARIABLE = "PYTEST_FACET_FOLDER"
OWNER_VARIABLE = "PYTEST_FACET_OWNER"

if FOLDER_VARIABLE not in os.environ:
    # Workers of pytest-xdist inherit the environment, and with it the folder of the run they belong to.
    os.environ[FOLDER_VARIABLE] = tempfile.mkdtemp(prefix="facet-tests-")
    os.environ[OWNER_VARIABLE] = str(os.getpid())

for name in [name for name in os.environ if name.startswith(("FACET_", "DATABASE_URL", "CELERY_"))]:
    del os.environ[name]
os.environ["FACET_VAR"] = os.environ[FOLDER_VARIABLE]
os.environ["FACET_POSTGRES_DURABLE"] = "no"
os.environ["CELERY_BROKER_URL"] = "memory://"

from config.settings import *  # noqa: E402, F403 - the environment above comes first

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}  # noqa: F405
# Static files are looked for when asked for: a test run collects none.
WHITENOISE_AUTOREFRESH = True
