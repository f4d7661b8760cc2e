"""Addresses of the pages about error rates; they lie under the admin site's, before those of `faces`."""

from django.urls import URLPattern, path

from training.views import evaluations, growth, runs, threshold, thresholds

app_name = "training"

urlpatterns: list[URLPattern] = [
    path("evaluations/", evaluations.evaluation_list, name="evaluations"),
    path("evaluations/<int:report_id>/", evaluations.evaluation_page, name="evaluation"),
    path("evaluations/<int:report_id>/export/<slug:form>/", evaluations.export, name="evaluation-export"),
    path("evaluations/galleries/<int:gallery_id>/", evaluations.measure, name="evaluation-measure"),
    path("training/", runs.run_list, name="runs"),
    path("training/<int:run_id>/", runs.run_page, name="run"),
    path("thresholds/", thresholds.threshold_list, name="thresholds"),
    path(
        "thresholds/<int:version_id>/<slug:use>/<int:gallery_id>/", threshold.threshold_page, name="threshold-gallery"
    ),
    path(
        "thresholds/<int:version_id>/<slug:use>/<int:gallery_id>/confused/",
        threshold.confused,
        name="threshold-confused",
    ),
    path("thresholds/<int:version_id>/<int:gallery_id>/growth/", growth.growth_page, name="growth"),
    path("thresholds/<int:version_id>/<slug:use>/", threshold.threshold_page, name="threshold"),
    path("thresholds/rows/<int:threshold_id>/restore/", thresholds.restore, name="threshold-restore"),
    path("thresholds/rows/<int:threshold_id>/hold/", threshold.hold, name="threshold-hold"),
]
