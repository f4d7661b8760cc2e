"""Training runs: retraining the encoder on a gallery's photos."""

from typing import ClassVar

from django.db.models import Prefetch
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from faces.api.access import user_of
from faces.api.permissions import Needs
from faces.api.views.base import FacetViewSet
from faces.models import ApiKey
from faces.tasks import send_jobs
from training.api.serializers.training_runs import (
    RequestTrainingSerializer,
    TrainingRunDetailSerializer,
    TrainingRunQuerySerializer,
    TrainingRunSerializer,
)
from training.models import TrainingRun
from training.services.run_actions import cancel_run, delete_run, finish_run, retry_run
from training.services.run_outcomes import reports_of_runs
from training.services.run_requests import request_training
from training.services.run_states import settle_runs

LOOK = Needs(ApiKey.Scope.READ, "view_trainingrun", app="training")
CHANGE = Needs(ApiKey.Scope.ADMIN, "change_trainingrun", app="training")


class TrainingRunViewSet(ListModelMixin, RetrieveModelMixin, FacetViewSet[TrainingRun]):
    """Retraining of the encoder that serves a gallery. What comes of it is a candidate; nothing changes by itself."""

    queryset = TrainingRun.objects.select_related(
        "gallery", "parent", "candidate", "job__gallery", "job__created_by", "requested_by"
    ).prefetch_related(Prefetch("evaluation_reports", reports_of_runs()))
    serializer_class = TrainingRunSerializer
    query_class = TrainingRunQuerySerializer
    needs: ClassVar = {
        "list": LOOK,
        "retrieve": LOOK,
        "create": Needs(ApiKey.Scope.ADMIN, "add_trainingrun", app="training"),
        "cancel": CHANGE,
        "finish": CHANGE,
        "retry": CHANGE,
        "destroy": Needs(ApiKey.Scope.ADMIN, "delete_trainingrun", app="training"),
    }
    errors: ClassVar = {"create": (404, 409), "cancel": (409,), "finish": (409,), "retry": (409,), "destroy": (409,)}

    @extend_schema(responses=TrainingRunDetailSerializer)
    def retrieve(self, request: Request, pk: str) -> Response:
        """Get one training run with its epochs."""
        return self._told(self.get_object(), status.HTTP_200_OK)

    @extend_schema(request=RequestTrainingSerializer, responses={202: TrainingRunDetailSerializer})
    def create(self, request: Request) -> Response:
        """Have a worker retrain the encoder that serves a gallery on the gallery's photos.

        Everything that can be found out is found out before: settings (`invalid_configuration`, with a sentence for
        each wrong one in `params.fields`), too few people or photos (`too_little_to_learn`), another run under way
        (`conflict`). Photos of people who withheld consent are never used.
        """
        run = request_training(user=user_of(request), **self.read(RequestTrainingSerializer))
        send_jobs()
        return self._told(run, status.HTTP_202_ACCEPTED)

    @extend_schema(request=None, responses={202: TrainingRunDetailSerializer})
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """Stop a run after the step it is at. What it has learned is kept, and it can go on."""
        return self._told(cancel_run(run=self.get_object()), status.HTTP_202_ACCEPTED)

    @extend_schema(request=None, responses={202: TrainingRunDetailSerializer})
    @action(detail=True, methods=["post"])
    def finish(self, request: Request, pk: str) -> Response:
        """Stop learning after the step it is at, and make a candidate of the best epoch so far."""
        return self._told(finish_run(run=self.get_object()), status.HTTP_202_ACCEPTED)

    @extend_schema(request=None, responses={202: TrainingRunDetailSerializer})
    @action(detail=True, methods=["post"])
    def retry(self, request: Request, pk: str) -> Response:
        """Go on with a run that failed or was cancelled, from its last checkpoint."""
        run = retry_run(run=self.get_object())
        send_jobs()
        return self._told(run, status.HTTP_202_ACCEPTED)

    @extend_schema(request=None, responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        """Delete a finished run with its curves, reports and files. The encoder version that it made stays."""
        delete_run(run=self.get_object())
        return Response(status=status.HTTP_204_NO_CONTENT)

    def get_object(self) -> TrainingRun:
        """Return the run that the address names, as it stands. Raises what every `get_object` raises."""
        run = super().get_object()
        if not run.is_finished and settle_runs(gallery=run.gallery):
            run.refresh_from_db()
        return run

    def _told(self, run: TrainingRun, status_code: int) -> Response:
        fresh = TrainingRunViewSet.queryset.get(pk=run.pk)
        return self.answer(TrainingRunDetailSerializer, fresh, status=status_code)
