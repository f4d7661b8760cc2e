"""Addresses of the pages about error rates; they lie under the admin site's, before those of `faces`."""

from django.urls import URLPattern, path

from training.views import evaluations

app_name = "training"

urlpatterns: list[URLPattern] = [
    path("evaluations/", evaluations.evaluation_list, name="evaluations"),
    path("evaluations/<int:report_id>/", evaluations.evaluation_page, name="evaluation"),
    path("evaluations/galleries/<int:gallery_id>/", evaluations.measure, name="evaluation-measure"),
]
