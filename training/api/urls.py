"""The addresses under /api/v1/ that are about error rates and training. None ends in a slash."""

from django.urls import URLPattern, URLResolver
from rest_framework.routers import SimpleRouter

from training.api.views.evaluations import EvaluationViewSet
from training.api.views.review_items import ReviewItemViewSet
from training.api.views.thresholds import ThresholdViewSet
from training.api.views.training_runs import TrainingRunViewSet

router = SimpleRouter(trailing_slash=False)
router.register("evaluations", EvaluationViewSet, basename="evaluation")
router.register("review-items", ReviewItemViewSet, basename="review-item")
router.register("thresholds", ThresholdViewSet, basename="threshold")
router.register("training-runs", TrainingRunViewSet, basename="training-run")

urlpatterns: list[URLPattern | URLResolver] = [
    *router.urls,
]
