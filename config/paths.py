"""Where things lie: the project, and the one folder that holds everything Facet writes."""

from pathlib import Path

from config import env

PROJECT = Path(__file__).resolve().parent.parent
VAR = env.folder("FACET_VAR", PROJECT / "var")

POSTGRES = VAR / "postgres"
MEDIA = VAR / "media"
STATIC = VAR / "static"
LOGS = VAR / "log"
RUN = VAR / "run"
SECRET_KEY = VAR / "secret_key"
