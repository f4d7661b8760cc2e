"""Starting a training run: which gallery, and what is to be done with it."""

from collections.abc import Mapping
from dataclasses import replace

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from faces.exceptions import FacetError
from faces.models import Gallery
from faces.tasks import send_jobs
from faces.views.page import gallery_in_use, page, remember_gallery, render_page, signed_in
from training.configuration import TrainingConfiguration
from training.exceptions import InvalidConfigurationError
from training.models import TrainingRun
from training.services.run_requests import request_training
from training.services.run_states import settle_runs
from training.services.run_times import expected_seconds
from training.services.run_words import PRESETS, Preset, preset_of
from training.services.training_counts import count_material
from training.views.forms.runs import TrainingForm
from training.views.runs import IS_ID


@page("training.add_trainingrun", methods=("GET", "POST"))
def start(request: HttpRequest) -> HttpResponse:
    """Show what a run would do with a gallery, and start it."""
    galleries = list(Gallery.objects.select_related("encoder_version").order_by("name"))
    if not galleries:
        return render_page(request, "training/runs/no_gallery.html", title="Training")
    values: Mapping[str, str] = request.POST if request.method == "POST" else request.GET
    gallery = _chosen(galleries, values.get("gallery") or str(gallery_in_use(request) or ""))
    remember_gallery(request, gallery)
    form = TrainingForm(request.POST) if request.method == "POST" else None
    if form is not None and (run := _started(form, gallery, signed_in(request))) is not None:
        send_jobs()
        messages.success(request, "The run waits for a worker. Searches go on as before.")
        return redirect("training:run", run.pk)
    return _show(request, galleries, gallery, form)


def _started(form: TrainingForm, gallery: Gallery, user: User) -> TrainingRun | None:
    """Return the run that the form asks for; None where it cannot be, which the form then says."""
    configuration = form.configuration()
    if configuration is None:
        return None
    try:
        return request_training(gallery=gallery, configuration=configuration, user=user)
    except InvalidConfigurationError as error:
        form.refuse_fields(error)
    except FacetError as error:
        form.refuse(error)
    return None


def _show(request: HttpRequest, galleries: list[Gallery], gallery: Gallery, form: TrainingForm | None) -> HttpResponse:
    settle_runs(gallery=gallery)
    preset, configuration = _asked(request.GET if form is None else request.POST)
    material = count_material(gallery, configuration)
    people = min(configuration.people_per_batch, max(material.trained_on, 2))
    configuration = replace(configuration, people_per_batch=people)
    form = form or TrainingForm(configuration=configuration)
    return render_page(
        request,
        "training/runs/start.html",
        title="Training",
        heading="Retrain the encoder",
        galleries=galleries,
        gallery=gallery,
        presets=PRESETS,
        preset=preset,
        form=form,
        is_open=any(name in form.fields for name in form.errors),
        material=material,
        seconds=expected_seconds(configuration, material.faces),
        under_way=gallery.training_runs.exclude(state__in=TrainingRun.FINISHED).first(),
    )


def _chosen(galleries: list[Gallery], asked_for: str) -> Gallery:
    return next((gallery for gallery in galleries if str(gallery.pk) == asked_for), galleries[0])


def _asked(values: Mapping[str, str]) -> tuple[Preset | None, TrainingConfiguration]:
    """Return the preset that is asked for, or None and the settings of an earlier run, `from`."""
    earlier = values.get("from", "")
    run = TrainingRun.objects.filter(pk=int(earlier)).first() if IS_ID.fullmatch(earlier) else None
    if run is not None and "preset" not in values:
        try:
            return None, TrainingConfiguration.from_json(run.configuration)
        except InvalidConfigurationError:
            return PRESETS[0], PRESETS[0].configuration  # made by another version of Facet
    preset = preset_of(values.get("preset", ""))
    return preset, preset.configuration
