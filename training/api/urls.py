"""The addresses under /api/v1/ that are about error rates. None ends in a slash."""

from django.urls import URLPattern, URLResolver
from rest_framework.routers import SimpleRouter

router = SimpleRouter(trailing_slash=False)

urlpatterns: list[URLPattern | URLResolver] = [
    *router.urls,
]
