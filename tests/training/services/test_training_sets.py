"""Which faces are learned from, whose never are, and who serves for what."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone

from encoder.geometry import FaceQuality
from faces.models import Face, Person
from faces.services.people import merge_people
from tests import factories
from tests.training.services.learned import add_person, faces_of, gallery_of
from training.configuration import TrainingConfiguration
from training.exceptions import InvalidConfigurationError, TooLittleToLearnError
from training.mining.sets import Part
from training.services.training_parts import FEWEST_JUDGED, FEWEST_TRAINED_ON, share_of_each, split
from training.services.training_sets import FEWEST_PEOPLE, choose_faces, moved_people, still_usable

SMALL = TrainingConfiguration(people_per_batch=4)


class TestSplit:
    def parts(self, people: int, photos: int = 2, gallery: int = 1, **shares: float) -> dict[int, int]:
        ids = np.repeat(np.arange(1, people + 1), photos)
        parts = split(gallery, ids, np.arange(len(ids)), replace(SMALL, **shares))  # type: ignore[arg-type]
        assert all(len(set(parts[ids == person])) == 1 for person in range(1, people + 1))
        return dict(zip(ids.tolist(), parts.tolist(), strict=True))

    def counts(self, parts: dict[int, int]) -> list[int]:
        return [sum(part == wanted for part in parts.values()) for wanted in Part]

    def test_shares_are_kept_and_nobody_is_in_two_parts(self) -> None:
        trained, watched, held_out = self.counts(self.parts(4000))
        assert (trained + watched + held_out) == 4000
        assert abs(watched - 400) < 80
        assert abs(held_out - 800) < 110

    def test_it_is_the_same_in_every_run_and_another_one_in_another_gallery(self) -> None:
        assert self.parts(200) == self.parts(200)
        assert self.parts(200) != self.parts(200, gallery=2)

    def test_newcomers_change_nobodys_part(self) -> None:
        few, many = self.parts(300), self.parts(500)
        assert few.items() <= many.items()

    def test_with_a_larger_share_more_people_are_held_out_and_nobody_returns(self) -> None:
        small, large = self.parts(500, held_out_share=0.1), self.parts(500, held_out_share=0.4)
        held_out = {person for person, part in small.items() if part == Part.HELD_OUT}
        assert held_out < {person for person, part in large.items() if part == Part.HELD_OUT}
        watched = {person for person, part in small.items() if part == Part.WATCHED}
        assert watched == {person for person, part in large.items() if part == Part.WATCHED}

    @pytest.mark.parametrize("share", [0.05, 0.2, 0.35])
    @pytest.mark.parametrize("gallery", range(1, 20))
    def test_small_galleries_have_somebody_for_each_part_all_the_same(self, gallery: int, share: float) -> None:
        counts = self.counts(self.parts(FEWEST_PEOPLE, gallery=gallery, held_out_share=share, watched_share=share))
        assert counts == [FEWEST_TRAINED_ON, FEWEST_JUDGED, FEWEST_JUDGED]

    def test_who_has_one_photo_does_not_count_among_those_to_judge_by(self) -> None:
        ids = np.array([1, 2, 3, 4, 5, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12])
        parts = split(1, ids, np.arange(len(ids)), SMALL)
        for part in (Part.WATCHED, Part.HELD_OUT):
            assert len({person for person in ids[parts == part].tolist() if person >= 7}) >= FEWEST_JUDGED


class TestShareOfEach:
    def test_all_are_taken_where_they_fit(self) -> None:
        assert share_of_each(np.array([1, 1, 2]), 3, 0).tolist() == [0, 1, 2]

    def test_each_person_keeps_about_the_same_share_and_two_at_least(self) -> None:
        people = np.repeat([1, 2, 3], [40, 20, 2])
        kept = people[share_of_each(people, 32, 5)]
        counts = [int((kept == person).sum()) for person in (1, 2, 3)]
        assert sum(counts) == 32
        assert counts[2] == 2
        assert abs(counts[0] - 2 * counts[1]) <= 2

    def test_where_two_of_each_are_too_many_fewer_people_are_left_with_two_each(self) -> None:
        people = np.repeat(np.arange(100), 3)
        kept = people[share_of_each(people, 20, 5)]
        assert np.unique(kept, return_counts=True)[1].tolist() == [2] * 10

    def test_the_seed_decides_who_is_left_out(self) -> None:
        people = np.repeat(np.arange(10), 10)
        first, again, other = (share_of_each(people, 30, seed).tolist() for seed in (1, 1, 2))
        assert first == again != other


@pytest.mark.django_db
class TestChosenFaces:
    def test_faces_come_by_person_and_id_with_their_parts(self) -> None:
        gallery = gallery_of([3] * 12)
        chosen = choose_faces(gallery, SMALL)
        assert len(chosen) == 36
        assert chosen.people.tolist() == sorted(chosen.people.tolist())
        expected = Face.objects.of(gallery).order_by("person", "pk").values_list("pk", "person", "photo")
        assert list(zip(chosen.faces, chosen.people, chosen.photos, strict=True)) == list(expected)
        assert sum(chosen.people_in(part) for part in Part) == 12

    def test_other_galleries_and_unknown_faces_take_no_part(self) -> None:
        gallery = gallery_of([2] * 12)
        gallery_of([2] * 3)
        factories.face(photo=factories.photo(gallery=gallery))
        assert len(choose_faces(gallery, SMALL)) == 24

    @pytest.mark.parametrize(
        "values",
        [
            {"consent": Person.Consent.WITHHELD},
            {"consent": Person.Consent.GIVEN, "consent_until": timezone.localdate() - timedelta(days=1)},
            {"consent": Person.Consent.UNKNOWN, "consent_until": timezone.localdate() - timedelta(days=1)},
        ],
    )
    def test_who_withheld_consent_or_whose_consent_ran_out_is_left_out(self, values: dict[str, object]) -> None:
        gallery = gallery_of([2] * 12)
        person = add_person(gallery, 50, 4, **values)
        chosen = choose_faces(gallery, SMALL)
        assert len(chosen) == 24
        assert not faces_of(person) & set(chosen.faces.tolist())

    def test_who_gave_consent_until_today_is_learned_from(self) -> None:
        gallery = gallery_of([2] * 12)
        add_person(gallery, 50, 2, consent=Person.Consent.GIVEN, consent_until=timezone.localdate())
        assert len(choose_faces(gallery, SMALL)) == 26

    def test_a_photo_that_also_shows_somebody_who_withheld_consent_is_left_out(self) -> None:
        gallery = gallery_of([3] * 12)
        shared = Face.objects.of(gallery).order_by("pk")[4]
        withheld = factories.person(gallery=gallery, consent=Person.Consent.WITHHELD)
        factories.face(photo=shared.photo, person=withheld, is_enrolled=False)
        chosen = choose_faces(gallery, SMALL)
        assert len(chosen) == 35
        assert shared.pk not in chosen.faces

    def test_a_photo_that_was_uploaded_for_somebody_who_withheld_consent_is_left_out(self) -> None:
        gallery = gallery_of([3] * 12)
        face = Face.objects.of(gallery).order_by("pk")[4]
        face.photo.portrait_of = factories.person(gallery=gallery, consent=Person.Consent.WITHHELD)
        face.photo.save()
        assert face.pk not in choose_faces(gallery, SMALL).faces

    def test_what_somebody_refused_under_another_name_counts(self) -> None:
        gallery = gallery_of([2] * 12)
        refused, middle, target, other = (add_person(gallery, 50 + number, 2) for number in range(4))
        Person.objects.filter(pk=refused.pk).update(consent=Person.Consent.WITHHELD)
        merge_people(source=refused, target=middle)
        merge_people(source=middle, target=target)
        chosen = set(choose_faces(gallery, SMALL).faces.tolist())
        assert not faces_of(target) & chosen
        assert faces_of(other) <= chosen

        Person.objects.filter(pk=target.pk).update(consent=Person.Consent.GIVEN)
        assert len(faces_of(target) & set(choose_faces(gallery, SMALL).faces.tolist())) == 6

    def test_faces_of_poor_quality_are_left_out_unless_an_admin_enrolled_them(self) -> None:
        gallery = gallery_of([2] * 12)
        person = Person.objects.of(gallery).order_by("pk")[0]
        poor = FaceQuality(size=12, sharpness=0.9, brightness=0.5, yaw=0, pitch=0, roll=0, score=0.9)
        photos = [factories.photo(gallery=gallery) for _ in range(3)]
        left_out = factories.face(photo=photos[0], person=person, quality=poor, is_enrolled=False)
        enrolled = factories.face(photo=photos[1], person=person, quality=poor)
        good = factories.face(photo=photos[2], person=person, is_enrolled=False)
        chosen = set(choose_faces(gallery, SMALL).faces.tolist())
        assert {enrolled.pk, good.pk} <= chosen
        assert left_out.pk not in chosen

    def test_faces_that_came_later_take_no_part(self) -> None:
        gallery = gallery_of([2] * 12)
        moment = timezone.now()
        add_person(gallery, 50, 3)
        assert len(choose_faces(gallery, SMALL, before=moment)) == 24

    def test_at_most_so_many_are_trained_on_and_the_judged_ones_stay(self) -> None:
        gallery = gallery_of([4] * 20)
        everything = choose_faces(gallery, SMALL)
        chosen = choose_faces(gallery, replace(SMALL, most_photos=20))
        assert int((chosen.parts == Part.TRAINED_ON).sum()) == 20
        for part in (Part.WATCHED, Part.HELD_OUT):
            assert set(chosen.faces[chosen.parts == part]) == set(everything.faces[everything.parts == part])


@pytest.mark.django_db
class TestGoingOn:
    def test_nobody_changes_parts_when_others_leave(self) -> None:
        gallery = gallery_of([2] * 13)
        chosen = choose_faces(gallery, SMALL)
        moved = moved_people(gallery, chosen, SMALL)
        parts = dict(zip(chosen.people.tolist(), chosen.parts.tolist(), strict=True))
        for leaver in [person for person, part in parts.items() if part != Part.TRAINED_ON][:3]:
            Person.objects.filter(pk=leaver).update(consent=Person.Consent.WITHHELD)
            later = choose_faces(gallery, SMALL, moved=moved)
            assert leaver not in later.people
            assert all(parts[person] == part for person, part in zip(later.people, later.parts, strict=True))

    def test_a_batch_that_was_right_at_the_beginning_is_right_later(self) -> None:
        gallery = gallery_of([2] * 12)
        chosen = choose_faces(gallery, SMALL)
        wide = replace(SMALL, people_per_batch=chosen.people_in(Part.TRAINED_ON))
        leaver = chosen.people[chosen.parts == Part.TRAINED_ON][0]
        Person.objects.filter(pk=leaver).update(consent=Person.Consent.WITHHELD)
        assert len(choose_faces(gallery, wide, moved=moved_people(gallery, chosen, wide))) == 22
        with pytest.raises(InvalidConfigurationError):
            choose_faces(gallery, wide)

    def test_only_those_are_noted_who_are_not_where_the_shares_have_them(self) -> None:
        gallery = gallery_of([2] * 40)
        chosen = choose_faces(gallery, SMALL)
        assert len(moved_people(gallery, chosen, SMALL)) < 6


@pytest.mark.django_db
class TestTooLittle:
    def refusal(self, photos: list[int], configuration: TrainingConfiguration = SMALL) -> str:
        with pytest.raises((TooLittleToLearnError, InvalidConfigurationError)) as refused:
            choose_faces(gallery_of(photos, name="Staff"), configuration)
        return refused.value.detail

    def test_an_empty_gallery(self) -> None:
        assert self.refusal([]).startswith("Nobody in gallery “Staff” has a photo to learn from.")

    def test_everybody_with_one_photo(self) -> None:
        assert self.refusal([1] * 30).startswith(
            "All 30 people of gallery “Staff” have one usable photo only, and training compares photos of the same "
            "person. Add a second photo of some people."
        )

    def test_two_faces_in_one_photo_are_no_pair(self) -> None:
        gallery = gallery_of([1] * 12)
        for face in Face.objects.of(gallery):
            factories.face(photo=face.photo, person=face.person)
        with pytest.raises(TooLittleToLearnError, match="one usable photo only"):
            choose_faces(gallery, SMALL)

    def test_too_few_people_with_two_photos(self) -> None:
        assert self.refusal([2, 3, 2, 1, 1]) == (
            "3 people have two or more usable photos in gallery “Staff”. Training needs at least 10: 4 to train on, 3 "
            "to choose the best epoch by and 3 to judge the outcome by."
        )
        assert len(choose_faces(gallery_of([2] * FEWEST_PEOPLE), SMALL)) == 2 * FEWEST_PEOPLE

    def test_a_batch_that_does_not_fit(self) -> None:
        said = self.refusal([2] * FEWEST_PEOPLE, TrainingConfiguration(people_per_batch=16))
        assert said == (
            "4 people of gallery “Staff” can be trained on; a batch of 16 people does not fit. Take 4 or fewer people "
            "in a batch."
        )


@pytest.mark.django_db
class TestStillUsable:
    def test_who_withdraws_leaves_or_turns_out_to_be_somebody_else_is_dropped(self) -> None:
        gallery = gallery_of([2] * 12)
        chosen = choose_faces(gallery, SMALL)
        assert still_usable(gallery, chosen.faces, chosen.people).all()

        people = list(Person.objects.of(gallery).order_by("pk"))
        Person.objects.filter(pk=people[0].pk).update(consent=Person.Consent.WITHHELD)
        Face.objects.filter(person=people[1]).delete()
        merge_people(source=people[2], target=people[3])
        moved = Face.objects.filter(person=people[4]).order_by("pk")[0]
        Face.objects.filter(pk=moved.pk).update(person=people[5])

        usable = still_usable(gallery, chosen.faces, chosen.people)
        gone = [person.pk for person in people[:3]]
        expected = ~np.isin(chosen.people, gone) & (chosen.faces != moved.pk)
        assert usable.tolist() == expected.tolist()
