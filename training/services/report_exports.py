"""Evaluation reports as files: HTML that opens anywhere, JSON and CSV.

People and faces are called by their ids, never by names; groups by the values of metadata fields.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from enum import StrEnum

from django.conf import settings
from django.utils.http import content_disposition_header

from faces.exceptions import InvalidRequestError
from faces.models import EncoderVersion
from training.models import EvaluationReport
from training.services.changed_pairs import kept_pairs
from training.services.definitions import DEFINITIONS, FIELDS, PRIVACY
from training.services.held_out_outcome import judgement_of
from training.services.report_csv import report_csv
from training.services.report_html import report_html
from training.services.report_probability import classifiers_of
from training.services.reports import read_figures


class Form(StrEnum):
    """What kind of file."""

    HTML = "html"
    JSON = "json"
    CSV = "csv"


MEDIA_TYPES = {
    Form.HTML: "text/html; charset=utf-8",
    Form.JSON: "application/json",
    Form.CSV: "text/csv; charset=utf-8",
}


@dataclass(frozen=True, slots=True)
class Export:
    """A file: its name, its media type, and the text in it."""

    name: str
    media_type: str
    text: str

    @property
    def disposition(self) -> str:
        """The header that has a browser keep it as a file of this name, in whichever script that is."""
        return content_disposition_header(as_attachment=True, filename=self.name) or "attachment"


def form_of(name: str) -> Form:
    """Return the form of this name.

    Raises:
        InvalidRequestError: there is none.
    """
    try:
        return Form(name)
    except ValueError as error:
        raise InvalidRequestError(f"Reports are exported as {', '.join(Form)}, not as “{name}”.") from error


def export_report(report: EvaluationReport, form: Form) -> Export:
    """Return a report as a file.

    Raises:
        ConflictError: another version of Facet made its figures.
    """
    write: Callable[[EvaluationReport], str] = {Form.HTML: report_html, Form.JSON: report_json, Form.CSV: _csv}[form]
    slug = report.gallery.slug if report.gallery is not None else "pairs"
    name = f"facet-evaluation-{report.pk}-{slug}.{form}"
    return Export(name=name, media_type=MEDIA_TYPES[form], text=write(report))


def _csv(report: EvaluationReport) -> str:
    return report_csv(read_figures(report), judgement_of(report))


def report_json(report: EvaluationReport) -> str:
    """Return a report with everything that is known of it; `figures` is read back by `Figures.from_json`."""
    document = {
        "about": f"Error rates of a gallery's face search, measured by Facet. {PRIVACY}",
        "facet_version": settings.VERSION,
        "report": {
            "id": report.pk,
            "kind": report.kind,
            "measured_at": report.created_at.isoformat(),
            "gallery": report.gallery.slug if report.gallery is not None else None,
            "measured_on": report.measured_on,
            "people": report.people,
            "photos": report.photos,
            "mated": report.mated,
            "non_mated": report.non_mated,
            "seconds": report.seconds,
            "encoder_version": _of_version(report.encoder_version),
            "training_run": report.training_run_id,
            "compared_with": None if report.compared_with is None else _of_version(report.compared_with),
            "difference": report.difference,
            "difference_low": report.difference_low,
            "difference_high": report.difference_high,
        },
        "snapshot": report.snapshot,
        "figures": read_figures(report).as_json(),
        "changed_pairs": [asdict(pair) for pair in kept_pairs(report)],
        "probabilities": [
            {
                "id": row.pk,
                "compares": row.compares,
                "is_calibrated": row.is_calibrated,
                "people": row.people,
                "note": row.note,
                "figures": row.figures,
            }
            for row in classifiers_of(report)
        ],
        "fields": FIELDS,
        "definitions": DEFINITIONS,
    }
    return json.dumps(document, ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def _of_version(version: EncoderVersion) -> dict[str, object]:
    return {
        "id": version.pk,
        "name": version.name,
        "architecture": version.architecture,
        "weights_sha256": version.weights_sha256,
        "preprocessing_version": version.preprocessing_version,
        "dimension": version.dimension,
    }
