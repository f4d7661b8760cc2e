"""The web side starts light: importing it loads neither torch nor what only workers need."""

import os
import subprocess
import sys

from config.paths import PROJECT

LOAD_EVERYTHING = """
import sys
import config.wsgi
from django.urls import get_resolver
get_resolver().reverse_dict
import config.celery
config.celery.app.loader.import_default_modules()
print(sorted({name.partition(".")[0] for name in sys.modules} | {name for name in sys.modules if "training." in name}))
"""


def test_pages_api_and_tasks_are_imported_without_torch() -> None:
    answer = subprocess.run(
        [sys.executable, "-c", LOAD_EVERYTHING], cwd=PROJECT, env=os.environ, capture_output=True, text=True, check=True
    )
    loaded = set(eval(answer.stdout))
    assert {"faces", "training", "rest_framework"} <= loaded
    assert "torch" not in loaded
    assert {"training.views.runs", "training.services.run_requests"} <= loaded
    assert not {name for name in loaded if name.startswith(("training.learning", "training.retraining"))}
