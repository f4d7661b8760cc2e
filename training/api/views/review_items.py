"""Questions about who somebody is."""

from typing import Any, ClassVar

from django.contrib.auth.models import User
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from faces.api.access import user_of
from faces.api.permissions import Needs, require
from faces.api.serializers.jobs import JobSerializer
from faces.api.views.base import FacetViewSet
from faces.exceptions import InvalidRequestError
from faces.models import ApiKey
from faces.tasks import send_jobs
from training.api.serializers.review_items import (
    AnswerSerializer,
    NameCheckSerializer,
    ReviewItemQuerySerializer,
    ReviewItemSerializer,
)
from training.models import ReviewItem
from training.services.name_checks import request_name_check
from training.services.review_answers import answer_different, answer_same, answer_wrong, undo_answer

LOOK = Needs(ApiKey.Scope.READ, "view_reviewitem", app="training")
CHANGE = Needs(ApiKey.Scope.WRITE, "change_reviewitem", app="training")
ALSO = (Needs(ApiKey.Scope.WRITE, "change_person"), Needs(ApiKey.Scope.WRITE, "change_face"))
"""What answers change."""


class ReviewItemViewSet(ListModelMixin, RetrieveModelMixin, FacetViewSet[ReviewItem]):
    """People who are probably there under two names, and faces that are probably under a wrong one."""

    queryset = ReviewItem.objects.with_everything()
    serializer_class = ReviewItemSerializer
    query_class = ReviewItemQuerySerializer
    needs: ClassVar = {
        "list": LOOK,
        "retrieve": LOOK,
        "give_answer": CHANGE,
        "undo": CHANGE,
        "look": Needs(ApiKey.Scope.WRITE, "add_reviewitem", app="training"),
    }
    errors: ClassVar = {"give_answer": (409,), "undo": (409,), "look": (404, 409)}

    @extend_schema(request=AnswerSerializer, responses=ReviewItemSerializer)
    @action(detail=True, methods=["post"], url_path="answer")
    def give_answer(self, request: Request, pk: str) -> Response:
        """Answer a question: people are merged, or a face is moved, in one transaction, until it is undone."""
        for needs in ALSO:
            require(request, needs)
        item = self.get_object()
        _answer(item, user_of(request), **self.read(AnswerSerializer))
        return self._told(item)

    @extend_schema(request=None, responses=ReviewItemSerializer)
    @action(detail=True, methods=["post"])
    def undo(self, request: Request, pk: str) -> Response:
        """Take an answer back: people and faces are as they were. 409 where somebody changed them since."""
        for needs in ALSO:
            require(request, needs)
        item = self.get_object()
        undo_answer(item=item, user=user_of(request))
        return self._told(item)

    @extend_schema(request=NameCheckSerializer, responses={202: JobSerializer})
    @action(detail=False, methods=["post"])
    def look(self, request: Request) -> Response:
        """Have a worker look for wrong names in a gallery; the job that is answered says how far it is."""
        job = request_name_check(user=user_of(request), **self.read(NameCheckSerializer))
        send_jobs()
        return self.answer(JobSerializer, job, status=status.HTTP_202_ACCEPTED)

    def _told(self, item: ReviewItem) -> Response:
        return self.answer(ReviewItemSerializer, self.get_queryset().get(pk=item.pk))


def _answer(item: ReviewItem, user: User | None, *, answer: str, **values: Any) -> None:
    people = {person.pk: person for person in (item.first_person, item.second_person)}
    if answer == ReviewItem.Answer.SAME:
        keep = values.get("keep")
        if keep is not None and keep not in people:
            raise InvalidRequestError(f"Person {keep} is neither of the two; they are {', '.join(map(str, people))}.")
        answer_same(item=item, user=user, keep=None if keep is None else people[keep])
    elif answer == ReviewItem.Answer.DIFFERENT:
        answer_different(item=item, user=user)
    else:
        faces = {face.pk: face for face in (item.first_face, item.second_face)}
        if values["face"] not in faces:
            raise InvalidRequestError(
                f"Face {values['face']} is neither of the two; they are {', '.join(map(str, faces))}."
            )
        if values["person"] is not None and values["person"] not in people:
            raise InvalidRequestError(
                f"Person {values['person']} is neither of the two; they are {', '.join(map(str, people))}. "
                "Give null where the face is neither's."
            )
        answer_wrong(
            item=item,
            user=user,
            face=faces[values["face"]],
            to=None if values["person"] is None else people[values["person"]],
        )
