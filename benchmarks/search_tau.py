"""The tau that an admin would set: at most one stranger in a hundred is taken for somebody of this gallery."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from benchmarks.search_gallery import LoadedGallery, stored_templates
from benchmarks.search_recall import Answer, Exact, Vectors, as_stored
from benchmarks.synthetic_gallery import Floats
from faces.models import Threshold
from faces.services.thresholds import set_tau, tau_in_force

FPIR = 0.01
STRANGERS = 4000
SEED = 77
"""Of other strangers than those that searches are measured with."""

USE = Threshold.Use.RECOGNITION


def tau_of(loaded: LoadedGallery) -> float:
    """What recognition in this gallery decides by."""
    gallery = loaded.gallery
    return tau_in_force(gallery=gallery, encoder_version=gallery.encoder_version, use=USE).tau


def factory_tau(loaded: LoadedGallery) -> float:
    """What it decides by where nobody sets another one."""
    return tau_in_force(gallery=None, encoder_version=loaded.gallery.encoder_version, use=USE).tau


def set_tau_for_size(loaded: LoadedGallery) -> float:
    """Set tau so that of strangers `FPIR` have somebody of this gallery within it; returns it."""
    gallery = loaded.gallery
    strangers = as_stored(loaded.synthetic.strangers(STRANGERS, seed=SEED))
    nearest = Exact.of(Vectors(*stored_templates(gallery)), strangers).distance[:, 0]
    tau = float(np.quantile(nearest, FPIR))
    reason = f"FPIR {FPIR:g} at the size of this gallery"
    version = gallery.encoder_version
    set_tau(gallery=gallery, encoder_version=version, use=USE, tau=tau, reason=reason, user=None)
    return tau


def judged_by(
    answer: Callable[[Floats, int], Answer], templates: Vectors, tau: float
) -> Callable[[Floats, int], Answer]:
    """The same people, but "nobody" by another tau."""

    def judged(probe: Floats, limit: int) -> Answer:
        people = answer(probe, limit).people
        return Answer(people, bool(templates.distances(probe, people[:1])[0] > tau) if people else True)

    return judged
