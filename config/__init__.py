"""The composition root: settings, URLs, Celery, and the embedded services.

`training`, `faces` and `encoder` are put together here and import nothing from here. The Celery application
is loaded with it, so that a task sent from anywhere goes to the broker of the settings.
"""

from config.celery import app as celery_app

__all__ = ["celery_app"]
