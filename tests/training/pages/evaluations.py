"""What the pages about evaluations say, in one line."""

from html import unescape

from django.test import Client
from django.urls import reverse
from django.utils.html import strip_tags

from training.models import EvaluationReport


def text_of(client: Client, address: str) -> str:
    """What a page says, in one line."""
    return " ".join(unescape(strip_tags(client.get(address).content.decode())).split())


def page_of(stored: EvaluationReport) -> str:
    return reverse("training:evaluation", args=[stored.pk])
