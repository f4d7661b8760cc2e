"""Jobs."""

from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from faces.api.permissions import Needs, crud
from faces.api.serializers.jobs import JobQuerySerializer, JobSerializer
from faces.api.views.base import FacetViewSet
from faces.models import ApiKey, Job
from faces.services.jobs import cancel_job
from faces.tasks import try_again

CHANGE = Needs(ApiKey.Scope.WRITE, "change_job")


class JobViewSet(ListModelMixin, RetrieveModelMixin, FacetViewSet[Job]):
    """Long work: uploads of several photos, imports, what workers do for a gallery."""

    queryset = Job.objects.select_related("gallery", "created_by")
    serializer_class = JobSerializer
    query_class = JobQuerySerializer
    needs = crud("job", ApiKey.Scope.WRITE) | {"cancel": CHANGE, "retry": CHANGE}
    errors: ClassVar = {"cancel": (409,), "retry": (409,)}

    @extend_schema(request=None, responses={202: JobSerializer})
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """Stop a job: what no worker has begun is set aside, what is begun is finished."""
        job = cancel_job(job=self.get_object())
        return self.answer(JobSerializer, job, status=status.HTTP_202_ACCEPTED)

    @extend_schema(request=None, responses={202: JobSerializer})
    @action(detail=True, methods=["post"])
    def retry(self, request: Request, pk: str) -> Response:
        """Send a finished job, or its failed and set-aside photos, to the workers again."""
        job = self.get_object()
        try_again(job)
        job.refresh_from_db()
        return self.answer(JobSerializer, job, status=status.HTTP_202_ACCEPTED)
