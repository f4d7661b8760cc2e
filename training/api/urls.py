"""The addresses under /api/v1/ that are about error rates. None ends in a slash."""

from django.urls import URLPattern, URLResolver
from rest_framework.routers import SimpleRouter

from training.api.views.evaluations import EvaluationViewSet
from training.api.views.thresholds import ThresholdViewSet

router = SimpleRouter(trailing_slash=False)
router.register("evaluations", EvaluationViewSet, basename="evaluation")
router.register("thresholds", ThresholdViewSet, basename="threshold")

urlpatterns: list[URLPattern | URLResolver] = [
    *router.urls,
]
