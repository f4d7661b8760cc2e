"""Addresses of the pages about error rates; they lie under the admin site's, before those of `faces`."""

from django.urls import URLPattern, path

from training.views import (
    evaluations,
    growth,
    review_changes,
    review_list,
    run_changes,
    run_compare,
    run_start,
    runs,
    threshold,
    thresholds,
    versions,
)

app_name = "training"

urlpatterns: list[URLPattern] = [
    path("evaluations/", evaluations.evaluation_list, name="evaluations"),
    path("evaluations/<int:report_id>/", evaluations.evaluation_page, name="evaluation"),
    path("evaluations/<int:report_id>/export/<slug:form>/", evaluations.export, name="evaluation-export"),
    path("evaluations/galleries/<int:gallery_id>/", evaluations.measure, name="evaluation-measure"),
    path("training/", runs.run_list, name="runs"),
    path("training/start/", run_start.start, name="run-start"),
    path("training/<int:run_id>/", runs.run_page, name="run"),
    path("training/<int:run_id>/live/", runs.live, name="run-live"),
    path("training/<int:run_id>/compare/", run_compare.compare, name="run-compare"),
    path("training/<int:run_id>/cancel/", run_changes.cancel, name="run-cancel"),
    path("training/<int:run_id>/finish/", run_changes.finish, name="run-finish"),
    path("training/<int:run_id>/retry/", run_changes.retry, name="run-retry"),
    path("training/<int:run_id>/delete/", run_changes.delete, name="run-delete"),
    path("questions/", review_list.questions, name="questions"),
    path("questions/<int:item_id>/answer/", review_changes.answer, name="question-answer"),
    path("questions/<int:item_id>/undo/", review_changes.undo, name="question-undo"),
    path("questions/galleries/<int:gallery_id>/", review_list.questions, name="gallery-questions"),
    path("questions/galleries/<int:gallery_id>/check/", review_changes.check, name="name-check"),
    path("questions/galleries/<int:gallery_id>/progress/", review_list.progress, name="name-check-progress"),
    path("encoder-versions/<int:version_id>/training/", versions.version_page, name="version"),
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
