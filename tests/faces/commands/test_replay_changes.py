"""`replay_decision`, with the real encoder on real photographs: what has changed since is named."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from faces.models import Face, Gallery, PairClassifier, Person, SearchEvent, SearchPlan, Threshold
from faces.services.people import merge_people
from faces.services.thresholds import set_tau
from tests import factories
from tests.faces.commands.replays import changes, decided, recognized, replayed
from tests.faces.commands.running import run

pytestmark = pytest.mark.django_db


class TestWhatHasChanged:
    def test_another_tau_is_named_with_who_set_it_and_why(self, photo: Path, staff: Gallery) -> None:
        decision = recognized(photo)
        set_tau(
            gallery=staff,
            encoder_version=staff.encoder_version,
            use=Threshold.Use.RECOGNITION,
            tau=0.001,
            reason="As strict as can be",
            user=factories.user(name="ada"),
        )
        status, told = replayed(decision, photo)

        assert (status, told["is_same"]) == (1, False)
        assert changes(told)["tau"].startswith("tau is 0.001 now; it was 0.0993. ada set it on 20")
        assert changes(told)["tau"].endswith(": “As strict as can be”.")
        assert told["again"]["faces"][0]["verdict"] == "match"
        assert told["now"]["faces"][0]["verdict"] == "nobody"

    def test_the_same_tau_set_anew_is_named_and_changes_nothing(self, photo: Path, staff: Gallery) -> None:
        decision = recognized(photo)
        set_tau(
            gallery=staff,
            encoder_version=staff.encoder_version,
            use=Threshold.Use.RECOGNITION,
            tau=0.0993,
            reason="Our own",
            user=None,
        )
        status, told = replayed(decision, photo)
        assert status == 0
        assert changes(told)["tau"].startswith("tau is 0.0993, as then, but was set anew. It was set on 20")

    def test_a_deleted_person_is_named(self, photo: Path, eileen: Person) -> None:
        decision = recognized(photo)
        Face.objects.filter(person=eileen).delete()
        number = eileen.pk
        eileen.delete()
        status, told = replayed(decision, photo)

        assert status == 1
        assert changes(told)["person_deleted"] == f"Person {number} is deleted."
        assert "is deleted" in changes(told)["stored_face"]
        assert told["now"]["faces"][0]["verdict"] == "nobody"

    def test_a_merged_person_is_named_and_stays_the_same_one(self, photo: Path, eileen: Person, staff: Gallery) -> None:
        decision = recognized(photo)
        other = factories.person(gallery=staff, name="Eileen Collins")
        merge_people(source=eileen, target=other)
        status, told = replayed(decision, photo)

        assert changes(told)["person_merged"] == (
            f"Eileen (person {eileen.pk}) was merged into Eileen Collins (person {other.pk})."
        )
        assert status == 0
        assert told["now"]["faces"][0]["person"] == other.pk

    def test_a_claimed_person_who_was_merged_is_verified_as_the_one_who_is_left(
        self, photo: Path, eileen: Person, staff: Gallery
    ) -> None:
        decision = decided("verify", photo, "--person", "Eileen", "--gallery", "Staff")
        merge_people(source=eileen, target=factories.person(gallery=staff, name="Eileen Collins"))
        status, told = replayed(decision, photo)
        assert status == 0
        assert "person_merged" in changes(told)

    def test_somebody_new_who_ranks_is_named(self, photo: Path, eileen: Person, staff: Gallery) -> None:
        decision = recognized(photo)
        face = eileen.faces.get()
        twin = factories.person(gallery=staff, name="E. Collins")
        factories.face(person=twin, vector=np.asarray(face.embeddings.get().vector, dtype=np.float32))
        status, told = replayed(decision, photo)

        assert status == 1
        assert changes(told)["new_person"].startswith(f"E. Collins (person {twin.pk}) ranks 2. now, at 0.")
        assert "; they were added on 20" in changes(told)["new_person"]
        assert told["again"]["faces"][0]["verdict"] == "match"
        assert told["now"]["faces"][0]["verdict"] == "ambiguous"

    def test_a_template_with_another_face_is_named(self, photo: Path, eileen: Person) -> None:
        decision = recognized(photo)
        factories.face(person=eileen, vector=factories.axis(5))
        _, told = replayed(decision, photo)

        said = changes(told)["template"]
        assert said.startswith(
            f"Eileen (person {eileen.pk}) has another template: 1 face added since (2 enrolled now). The distance is "
        )

    def test_a_template_of_other_faces_is_counted_where_a_person_was_claimed(self, photo: Path, eileen: Person) -> None:
        lost = factories.face(person=eileen, vector=factories.axis(4))
        decision = decided("verify", photo, "--person", "Eileen", "--gallery", "Staff")
        lost.delete()
        _, told = replayed(decision, photo)
        assert "has another template: 1 face removed (1 enrolled now, 2 then)." in changes(told)["template"]
        Face.objects.update(created_at=SearchEvent.objects.get().created_at)
        earlier = factories.face(person=eileen, vector=factories.axis(5))
        another = factories.face(person=eileen, vector=factories.axis(6))
        Face.objects.filter(pk__in=(earlier.pk, another.pk)).update(created_at="2020-01-01T00:00Z")
        _, told = replayed(decision, photo)
        said = "1 older face enrolled or assigned since (3 enrolled now, 2 then)."
        assert said in changes(told)["template"]

    def test_a_template_that_lost_its_faces_is_named(self, photo: Path, eileen: Person) -> None:
        decision = decided("verify", photo, "--person", "Eileen", "--gallery", "Staff")
        eileen.faces.update(is_enrolled=False)
        status, told = replayed(decision, photo)

        assert status == 1
        assert "no template of the encoder version that decided any more" in changes(told)["template"]
        assert "is no longer enrolled" in changes(told)["stored_face"]
        assert "has no enrolled face" in told["now"]["refusal"]
        ended = run("replay_decision", decision, photo)
        assert "Now: no answer. Eileen has no enrolled face yet." in ended.out

    def test_another_encoder_version_is_named_and_the_old_one_asked_as_well(
        self, photo: Path, eileen: Person, staff: Gallery
    ) -> None:
        decision = recognized(photo)
        before = staff.encoder_version
        after = factories.encoder_version(weights=before.weights, spec=before.spec, name="Ours, second")
        set_tau(
            gallery=None,
            encoder_version=after,
            use=Threshold.Use.RECOGNITION,
            tau=0.08,
            reason="Measured",
            user=None,
        )
        staff.encoder_version = after
        staff.save()
        status, told = replayed(decision, photo)

        assert status == 1, "nobody is enrolled by the new version"
        assert changes(told)["encoder_version"].startswith(
            f"Encoder version “Ours, second” serves now; “{before}” decided."
        )
        assert told["again"]["faces"][0]["person"] == eileen.pk

    def test_missing_weights_of_the_old_version_are_named_and_the_new_one_answers(
        self, photo: Path, staff: Gallery
    ) -> None:
        gone = factories.encoder_version(name="Gone", spec=staff.encoder_version.spec)
        decision = recognized(photo)
        SearchEvent.objects.update(encoder_version=gone)
        _, told = replayed(decision, photo)

        assert "The weights of encoder version “Gone” are not at storage:" in told["again"]["refusal"]
        assert told["now"]["faces"][0]["verdict"] == "match"

    def test_an_index_where_there_was_none_is_named(self, photo: Path, staff: Gallery) -> None:
        decision = recognized(photo)
        SearchEvent.objects.update(answer=SearchEvent.objects.get().answer | {"index": "an_index", "lists": 7})
        _, told = replayed(decision, photo)
        assert changes(told)["route"] == (
            "The nearest people are found by looking at everybody now; they were by index an_index in 7 of its lists."
        )

    def test_another_scatter_by_which_people_are_told_apart_is_named(self, photo: Path, staff: Gallery) -> None:
        decision = recognized(photo)
        SearchPlan.objects.create(gallery=staff, encoder_version=staff.encoder_version, probe_noise=0.07)
        _, told = replayed(decision, photo)
        assert changes(told)["noise"] == "People are told apart by a scatter of probes of 0.07 now; it was 0.03."

    def test_another_version_of_the_software_is_named(self, photo: Path, staff: Gallery, settings: Any) -> None:
        decision = recognized(photo)
        settings.VERSION = "9.9"
        _, told = replayed(decision, photo)
        assert changes(told) == {"software": "Facet is 9.9 now; it was 0.1.0."}

    def test_a_classifier_that_is_gone_is_named(self, photo: Path, staff: Gallery) -> None:
        decision = recognized(photo)
        event = SearchEvent.objects.get()
        event.answer["faces"][0] |= {"probability": 0.91, "classifier": 12}
        event.save()
        assert not PairClassifier.objects.exists()
        _, told = replayed(decision, photo)
        assert changes(told)["classifier"] == (
            "The probability is not told, by classifier none; it was 0.9100, by classifier 12."
        )

    def test_a_photo_that_is_encoded_differently_is_named(self, photo: Path, staff: Gallery) -> None:
        decision = recognized(photo)
        event = SearchEvent.objects.get()
        event.answer["faces"][0]["candidates"][0]["distance"] += 0.02
        event.save()
        _, told = replayed(decision, photo)
        assert "the photo is encoded differently here" in changes(told)["distance"]

    def test_other_similar_people_are_named_without_a_photo(self, client: Any, eileen: Person, staff: Gallery) -> None:
        client.force_login(factories.user(is_staff=True, is_superuser=True))
        client.get(f"/admin/people/{eileen.pk}/similar/")
        decision = str(SearchEvent.objects.get().key)
        assert replayed(decision)[0] == 0
        vector = np.asarray(eileen.faces.get().embeddings.get().vector, dtype=np.float32)
        twin = factories.face(person=factories.person(gallery=staff, name="E. Collins"), vector=vector).person
        status, told = replayed(decision)
        assert (status, told["then"]["about_person"]) == (1, eileen.pk)
        assert twin is not None
        assert f"person {twin.pk}) ranks 1. now" in changes(told)["new_person"]
