"""An evaluation report as one HTML file: no script, nothing to be loaded from anywhere, printable."""

from django.conf import settings
from django.template.loader import render_to_string

from training.models import EvaluationReport
from training.services.definitions import DEFINITIONS, PRIVACY
from training.services.held_out_beside import beside
from training.services.report_sections import sections_of
from training.services.reports import heading_of


def report_html(report: EvaluationReport) -> str:
    """Return the file's text.

    Raises:
        ConflictError: another version of Facet made the figures.
    """
    context = {
        "report": report,
        "heading": heading_of(report),
        "beside": beside(report),
        "sections": sections_of(report),
        "definitions": DEFINITIONS,
        "privacy": PRIVACY,
        "version": settings.VERSION,
    }
    return render_to_string("training/evaluations/export.html", context)
