"""Questions that are asked of this app's rows more than once, as sentences; models are named below it alone."""

from typing import Self, TypeVar

from django.db.models import F, Model

from faces.querysets import OfGallery

M = TypeVar("M", bound=Model)


class ReviewItemQuerySet(OfGallery[M]):
    """Questions about who somebody is."""

    def waiting(self) -> Self:
        """Open, and still to the point: nobody was merged since, and both faces are whose they were."""
        return self.filter(
            state="open",
            first_person__merged_into__isnull=True,
            second_person__merged_into__isnull=True,
            first_face__person=F("first_person"),
            second_face__person=F("second_person"),
        )

    def answered(self) -> Self:
        """Those that have an answer."""
        return self.filter(state="answered")

    def with_everything(self) -> Self:
        """With faces, photos, people, and who answered: what showing them takes."""
        return self.select_related(
            "gallery__encoder_version",
            "first_face__photo",
            "second_face__photo",
            "first_face__person",
            "second_face__person",
            "first_person",
            "second_person",
            "decided_by",
        )
