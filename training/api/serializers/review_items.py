"""Questions about who somebody is."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from rest_framework import serializers

from faces.api.serializers.fields import AddressField, GalleryField, NumberField, QuerySerializer, StrictSerializer
from faces.api.serializers.people import PersonBriefSerializer
from training.models import ReviewItem


class ReviewItemSerializer(serializers.ModelSerializer[ReviewItem]):
    """Two people who are probably one, or a face of the first person that is probably the second one's."""

    gallery = GalleryField(read_only=True)
    first_person = PersonBriefSerializer(read_only=True)
    second_person = PersonBriefSerializer(read_only=True)
    first_face = serializers.IntegerField(source="first_face_id", read_only=True)
    second_face = serializers.IntegerField(source="second_face_id", read_only=True)
    first_image = AddressField("face-image", source="first_face_id", help_text="The first face.")
    second_image = AddressField("face-image", source="second_face_id", help_text="The second face.")
    training_run = serializers.IntegerField(
        source="training_run_id", read_only=True, allow_null=True, help_text="Which came upon it; null for a check."
    )

    class Meta:
        """All but what is kept to undo an answer."""

        model = ReviewItem
        fields: ClassVar = [
            "id",
            "gallery",
            "kind",
            "state",
            "answer",
            "first_person",
            "second_person",
            "first_face",
            "second_face",
            "first_image",
            "second_image",
            "distance",
            "by_chance",
            "training_run",
            "decided_at",
            "created_at",
        ]
        read_only_fields: ClassVar = fields


class ReviewItemQuerySerializer(QuerySerializer):
    """Which questions to list; open ones, unless others are asked for."""

    gallery = GalleryField(required=False)
    kind = serializers.ChoiceField(choices=ReviewItem.Kind.choices, required=False)
    state = serializers.ChoiceField(
        choices=ReviewItem.State.choices,
        required=False,
        help_text="Open ones are those still to the point: since then nobody was merged, and neither face moved.",
    )

    def apply(self, queryset: QuerySet[Any, Any]) -> QuerySet[Any, Any]:
        """Return the rows that were asked for."""
        state = self.validated_data.pop("state", ReviewItem.State.OPEN)
        rows = ReviewItem.objects.filter(pk__in=queryset.values("pk"))
        rows = rows.waiting() if state == ReviewItem.State.OPEN else rows.answered()
        return super().apply(rows.with_everything())


class AnswerSerializer(StrictSerializer):
    """An answer.

    `same` merges the two people; `different` says that nothing is wrong; `wrong` says that one of the two faces is
    under a wrong name, and needs `face` and `person`.
    """

    answer = serializers.ChoiceField(choices=[choice for choice in ReviewItem.Answer.choices if choice[0]])
    keep = NumberField(
        required=False,
        help_text="With `same`: the person whose name stays; the one with more enrolled faces if not given.",
    )
    face = NumberField(required=False, help_text="With `wrong`: the face with the wrong name, one of the two.")
    person = NumberField(
        required=False,
        allow_null=True,
        help_text="With `wrong`: whose face it really is, the other of the two people; null for neither.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Ask for what the answer needs, and for nothing else."""
        needed = {"wrong": {"face", "person"}}.get(attrs["answer"], set())
        missing = sorted(needed - set(attrs))
        if missing:
            raise serializers.ValidationError({name: ["A wrong label needs it."] for name in missing})
        allowed = needed | ({"keep"} if attrs["answer"] == "same" else set())
        odd = sorted(set(attrs) - allowed - {"answer"})
        if odd:
            raise serializers.ValidationError({name: [f"It means nothing with “{attrs['answer']}”."] for name in odd})
        return attrs


class NameCheckSerializer(StrictSerializer):
    """Whose names are looked at."""

    gallery = GalleryField()
