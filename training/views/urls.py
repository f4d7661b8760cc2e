"""Addresses of the pages about error rates; they lie under the admin site's, before those of `faces`."""

from django.urls import URLPattern

app_name = "training"

urlpatterns: list[URLPattern] = []
