"""What an admin answers to questions, and takes back."""

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse

from faces.models import Gallery
from faces.tasks import send_jobs
from faces.views.forms.fields import all_errors
from faces.views.page import back, page, signed_in
from training.models import ReviewItem
from training.services.name_checks import request_name_check
from training.services.review_answers import answer_different, answer_same, answer_wrong, undo_answer
from training.views.forms.review import AnswerForm

CHANGES = ("training.change_reviewitem", "faces.view_person", "faces.change_person", "faces.change_face")


@page("training.add_reviewitem", methods=("POST",))
def check(request: HttpRequest, gallery_id: int) -> HttpResponse:
    """Have a worker look for wrong names in a gallery."""
    gallery = get_object_or_404(Gallery.objects.select_related("encoder_version"), pk=gallery_id)
    request_name_check(gallery=gallery, user=signed_in(request))
    send_jobs()
    return _to_list(gallery_id)


@page(*CHANGES, methods=("POST",))
def answer(request: HttpRequest, item_id: int) -> HttpResponse:
    """Answer a question, and go on to the next one."""
    item = _get(item_id)
    form = AnswerForm(request.POST)
    if not form.is_valid():
        messages.error(request, all_errors(form))
        return back(request, "training:questions")
    values, user = form.cleaned_data, signed_in(request)
    if values["answer"] == ReviewItem.Answer.SAME:
        people = {"first": item.first_person, "second": item.second_person}
        answer_same(item=item, user=user, keep=people.get(values["keep"]))
    elif values["answer"] == ReviewItem.Answer.DIFFERENT:
        answer_different(item=item, user=user)
    else:
        is_first = values["face"] == "first"
        face, other = (item.first_face, item.second_person) if is_first else (item.second_face, item.first_person)
        answer_wrong(item=item, user=user, face=face, to=other if values["to"] == "other" else None)
    return _to_list(item.gallery_id, kind=request.POST.get("kind", ""), answered=item.pk)


@page(*CHANGES, methods=("POST",))
def undo(request: HttpRequest, item_id: int) -> HttpResponse:
    """Take an answer back, and show the question again."""
    item = undo_answer(item=_get(item_id), user=signed_in(request))
    messages.success(request, "The answer is taken back: everything is as it was.")
    return _to_list(item.gallery_id, kind=request.POST.get("kind", ""), item=item.pk)


def _get(item_id: int) -> ReviewItem:
    return get_object_or_404(ReviewItem.objects.with_everything(), pk=item_id)


def _to_list(gallery_id: int, **query: object) -> HttpResponse:
    said = {"gallery": gallery_id, **{name: value for name, value in query.items() if value}}
    return redirect(f"{reverse('training:questions')}?{urlencode(said)}")
