"""Encoder versions, and the one that Facet ships with."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from django.contrib.auth.models import User
from django.core.files import File
from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.db.models import QuerySet

from encoder.spec import BACKBONE_FILE, DLIB_RESNET_SPEC, EncoderSpec
from faces.exceptions import DuplicateEncoderNameError, InvalidRequestError, NotFoundError, UnavailableError
from faces.models import EncoderVersion, Threshold
from faces.services.thresholds import Grounds, set_tau

_LOCK = 0x656E636F  # of those who add encoder versions; "enco"


@dataclass(frozen=True)
class MeasuredTau:
    """A tau that ships with Facet.

    Attributes:
        use: what it decides.
        tau: squared L2.
        fmr: the false match rate that was asked for, of a face against a person's template.
        evidence: what that was measured on.
        measured: the rates at this tau as `Threshold.measured` keeps them: "fmr" against templates, "fmr_photo" against
            single faces, each with its 95 % interval.
    """

    use: Threshold.Use
    tau: float
    fmr: float
    evidence: str
    measured: Mapping[str, object]

    def is_what(self, threshold: Threshold) -> bool:
        """Whether a row of the history says the same."""
        return (threshold.tau, threshold.measured) == (self.tau, self.measured)

    @property
    def grounds(self) -> Grounds:
        """What it rests on."""
        return Grounds(Threshold.ErrorRate.FMR, self.fmr, evidence=self.evidence, measured=self.measured)


def measured_rate(value: float, low: float, high: float, *, errors: int, trials: int, people: int) -> dict[str, object]:
    """Return a rate as `Threshold.measured` keeps it: with its 95 % interval, and how many people had an error."""
    return {"value": value, "low": low, "high": high, "errors": errors, "trials": trials, "people": people}


# Measured on Labeled Faces in the Wild with this encoder by `benchmarks.verification_fusion`: see docs/decisions.md.
FACTORY_TAUS = (
    MeasuredTau(
        Threshold.Use.VERIFICATION,
        0.1245,
        1e-3,
        "10,175 photos of Labeled Faces in the Wild, each against the templates of all other people",
        {
            "fmr": measured_rate(0.000996, 0.000874, 0.001156, errors=46_061, trials=46_245_375, people=3_871),
            "fmr_photo": measured_rate(0.000587, 0.000456, 0.000789, errors=30_291, trials=51_569_347, people=3_603),
            "people": 4_546,
        },
    ),
    MeasuredTau(
        Threshold.Use.RECOGNITION,
        0.0993,
        1e-4,
        "10,175 photos of Labeled Faces in the Wild, each against the templates of all other people",
        {
            "fmr": measured_rate(0.0000999, 0.0000768, 0.0001383, errors=4_621, trials=46_245_375, people=1_405),
            "fmr_photo": measured_rate(0.0000574, 0.0000352, 0.0000951, errors=2_960, trials=51_569_347, people=985),
            "people": 4_546,
        },
    ),
)
FACTORY_REASON = "Factory value"
FACTORY_PROBE_NOISE = 0.03
"""Of 681 people of Labeled Faces in the Wild, with an interval from 0.029 to 0.031 (`benchmarks.templates`)."""


@transaction.atomic
def ensure_factory_encoder() -> EncoderVersion:
    """Give the database the encoder version that Facet ships with, its noise and its taus, unless they are there."""
    spec = DLIB_RESNET_SPEC
    version, _ = EncoderVersion.objects.get_or_create(
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
    if version.probe_noise is None:
        version.probe_noise = FACTORY_PROBE_NOISE
        version.save(update_fields=["probe_noise"])
    _put_factory_taus_in_force(version)
    return version


def _put_factory_taus_in_force(version: EncoderVersion) -> None:
    """Add the taus of today where there is none, or one that came with an earlier Facet: never over an admin's."""
    for measured in FACTORY_TAUS:
        newest = version.thresholds.filter(gallery=None, use=measured.use).first()
        if newest is None or (newest.reason == FACTORY_REASON and not measured.is_what(newest)):
            set_tau(
                gallery=None,
                encoder_version=version,
                use=measured.use,
                tau=measured.tau,
                reason=FACTORY_REASON,
                user=None,
                grounds=measured.grounds,
            )


def default_encoder_version() -> EncoderVersion:
    """Return the version that a new gallery is served by unless another is named: the newest one of Facet's own.

    An imported one is never chosen by itself: which is better, and whether its licence allows it, people decide.

    Raises:
        UnavailableError: there is none, which means that the database was not migrated by `manage.py migrate`.
    """
    own = available_encoder_versions().filter(weights__startswith="package:")
    version = own.first() or available_encoder_versions().first()
    if version is None:
        raise UnavailableError(
            "No encoder version is available. Run `manage.py migrate`, which adds the factory encoder."
        )
    return version


def find_encoder_version(called: str) -> EncoderVersion:
    """Find an encoder version by its name, or by its number.

    Raises:
        NotFoundError: there is none; the text names those there are.
    """
    version = EncoderVersion.objects.filter(name=called).first()
    if version is None and called.isdecimal() and len(called) <= 18:
        version = EncoderVersion.objects.filter(pk=int(called)).first()
    if version is None:
        names = EncoderVersion.objects.order_by("pk").values_list("pk", "name")[:10]
        there = ", ".join(f"{pk} “{name}”" for pk, name in names)
        raise NotFoundError(f"There is no encoder version “{called}”. There is {there}.", encoder_version=called)
    return version


def available_encoder_versions() -> QuerySet[EncoderVersion]:
    """Return the versions that may serve a gallery, newest first."""
    return EncoderVersion.objects.filter(state=EncoderVersion.State.AVAILABLE).order_by("-created_at")


@dataclass(frozen=True)
class Stored:
    """An encoder version; `is_new` is false where the same network was there before, perhaps under another name."""

    version: EncoderVersion
    is_new: bool


def store_candidate(*, spec: EncoderSpec, weights: Path) -> Stored:
    """Add an encoder version that serves nobody yet, and put its weights into the storage.

    Args:
        spec: what it is, with the digest of `weights`.
        weights: a file that `encoder.checkpoints.save_backbone` wrote.

    Raises:
        InvalidRequestError: the name or the licence is empty or too long.
        DuplicateEncoderNameError: another version has this name.
    """
    name, licence = _checked("name", spec.name, 100), _checked("licence", spec.licence, 200)
    path = f"encoders/{spec.weights_sha256}.safetensors"
    with transaction.atomic():
        _one_at_a_time()
        same = EncoderVersion.objects.filter(
            weights_sha256=spec.weights_sha256,
            architecture=spec.architecture.value,
            preprocessing_version=spec.preprocessing_version,
        ).first()
        if same is not None:
            return Stored(same, is_new=False)
        if EncoderVersion.objects.filter(name=name).exists():
            raise DuplicateEncoderNameError(f"There is an encoder version called “{name}” already.", name=name)
        try:
            return Stored(_add(replace(spec, name=name, licence=licence), weights, path), is_new=True)
        except BaseException:
            default_storage.delete(path)
            raise


def _one_at_a_time() -> None:
    """Keep others from adding a version until the end of the transaction, so that a file without a row is nobody's."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def _add(spec: EncoderSpec, weights: Path, path: str) -> EncoderVersion:
    default_storage.delete(path)  # left by an import that was killed before its row was written
    with weights.open("rb") as file:
        saved = default_storage.save(path, File(file))
    return EncoderVersion.objects.create(
        name=spec.name,
        architecture=spec.architecture.value,
        weights=f"storage:{saved}",
        weights_sha256=spec.weights_sha256,
        dimension=spec.dimension,
        preprocessing_version=spec.preprocessing_version,
        spec=json.loads(spec.to_json()),
        licence=spec.licence,
    )


def _checked(what: str, text: str, longest: int) -> str:
    text = text.strip()
    if not 1 <= len(text) <= longest or "\x00" in text:
        raise InvalidRequestError(
            f"An encoder version's {what} has 1 to {longest} characters, and none of them is NUL.", length=len(text)
        )
    return text


@transaction.atomic
def make_available(
    *, version: EncoderVersion, taus: Mapping[Threshold.Use, float], reason: str, user: User | None, evidence: str = ""
) -> None:
    """Let a candidate serve galleries. Nothing is decided without a tau, so it gets both of its own with it.

    Args:
        version: a candidate.
        taus: one for each use; in force for all galleries without one of their own.
        reason: where the taus come from, in the admin's words.
        user: who.
        evidence: what they were measured on.

    Raises:
        WrongStateError: it is not a candidate.
        InvalidTauError: not a number from 0 to 4.
        InvalidRequestError: no reason.
    """
    version.move_to(EncoderVersion.State.AVAILABLE)
    for use in Threshold.Use:
        set_tau(
            gallery=None,
            encoder_version=version,
            use=use,
            tau=taus[use],
            reason=reason,
            user=user,
            grounds=Grounds(evidence=evidence),
        )
