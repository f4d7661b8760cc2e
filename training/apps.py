"""The Django app that learns encoders from galleries, evaluates and promotes them."""

from django.apps import AppConfig


class TrainingConfig(AppConfig):
    """Sits above `faces`: it may import from there, never the other way round."""

    name = "training"
    verbose_name = "Training"
    default_auto_field = "django.db.models.BigAutoField"
