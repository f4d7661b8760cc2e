"""The Django app of galleries, enrollment, search, thresholds and jobs."""

from django.apps import AppConfig


class FacesConfig(AppConfig):
    """Owns everything an admin, a program or a worker does with people and photos."""

    name = "faces"
    verbose_name = "Faces"
    default_auto_field = "django.db.models.BigAutoField"
