"""The Django app of galleries, enrollment, search, thresholds and jobs."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


def add_factory_rows(**_: object) -> None:
    """Give a migrated database the encoder version that Facet ships with, its taus, and those of the sample people."""
    from faces.services.encoders import ensure_factory_encoder  # noqa: PLC0415 - models are not loaded before this
    from faces.services.sample import renew_sample_taus  # noqa: PLC0415

    ensure_factory_encoder()
    renew_sample_taus()


class FacesConfig(AppConfig):
    """Owns everything an admin, a program or a worker does with people and photos."""

    name = "faces"
    verbose_name = "Faces"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Ask for the factory rows after each migration."""
        post_migrate.connect(add_factory_rows, sender=self)
