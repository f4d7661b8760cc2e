"""Where things lie: the project, and the one folder that holds everything Facet writes."""

from dataclasses import dataclass
from pathlib import Path

from config import env

PROJECT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Folders:
    """The parts of the folder that FACET_VAR names, `var` in the project where it does not."""

    var: Path

    @property
    def postgres(self) -> Path:
        """The embedded PostgreSQL: data, socket, log, locks."""
        return self.var / "postgres"

    @property
    def media(self) -> Path:
        """Photos and weights, unless FACET_STORAGE names another place."""
        return self.var / "media"

    @property
    def static(self) -> Path:
        """Gathered styles and scripts; can be made anew at any time."""
        return self.var / "static"

    @property
    def logs(self) -> Path:
        """What the services say."""
        return self.var / "log"

    @property
    def run(self) -> Path:
        """Locks, and notes about the processes that run."""
        return self.var / "run"

    @property
    def secret_key(self) -> Path:
        """The key that signs sessions, unless FACET_SECRET_KEY gives one."""
        return self.var / "secret_key"


def folders() -> Folders:
    """The folders that the environment names.

    Raises:
        ConfigurationError: FACET_VAR is no absolute path, or a file is in its way.
    """
    return Folders(env.folder("FACET_VAR", PROJECT / "var"))
