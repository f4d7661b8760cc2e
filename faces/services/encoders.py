"""Encoder versions, and the one that Facet ships with."""

import json

from django.db import transaction

from encoder.spec import BACKBONE_FILE, DLIB_RESNET_SPEC
from faces.exceptions import UnavailableError
from faces.models import EncoderVersion, Threshold

# Measured by `manage.py evaluate_pairs` on Labeled Faces in the Wild with this encoder: see docs/decisions.md.
FACTORY_EVIDENCE = "All pairs of 10,175 photos of Labeled Faces in the Wild"
FACTORY_TAUS: tuple[tuple[Threshold.Use, float, float], ...] = (
    (Threshold.Use.VERIFICATION, 0.1415, 1e-3),
    (Threshold.Use.RECOGNITION, 0.112, 1e-4),
)


@transaction.atomic
def ensure_factory_encoder() -> EncoderVersion:
    """Give the database the encoder version that Facet ships with and its factory taus, unless they are there."""
    spec = DLIB_RESNET_SPEC
    version, created = EncoderVersion.objects.get_or_create(
        weights_sha256=spec.weights_sha256,
        architecture=spec.architecture.value,
        preprocessing_version=spec.preprocessing_version,
        defaults={
            "name": f"{spec.name}, preprocessing {spec.preprocessing_version}",
            "weights": f"package:{BACKBONE_FILE.package}/{BACKBONE_FILE.path}",
            "spec": json.loads(spec.to_json()),
            "dimension": spec.dimension,
            "licence": spec.licence,
            "state": EncoderVersion.State.AVAILABLE,
        },
    )
    if created:
        Threshold.objects.bulk_create(
            Threshold(
                encoder_version=version,
                use=use,
                tau=tau,
                error_rate_kind=Threshold.ErrorRate.FMR,
                error_rate=rate,
                evidence=FACTORY_EVIDENCE,
                reason="Factory value",
            )
            for use, tau, rate in FACTORY_TAUS
        )
    return version


def default_encoder_version() -> EncoderVersion:
    """Return the version that a new gallery is served by: the newest available one.

    Raises:
        UnavailableError: there is none, which means that the database was not migrated by `manage.py migrate`.
    """
    version = EncoderVersion.objects.filter(state=EncoderVersion.State.AVAILABLE).order_by("-created_at").first()
    if version is None:
        raise UnavailableError(
            "No encoder version is available. Run `manage.py migrate`, which adds the factory encoder."
        )
    return version
