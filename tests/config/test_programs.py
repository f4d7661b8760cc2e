"""Who may run PostgreSQL, and who has to be somebody else for it."""

import pytest

from config.embedded import programs


def test_root_and_users_without_a_name_are_refused_and_say_why() -> None:
    assert programs._why_refused(0) == "PostgreSQL refuses to run as root"
    assert "user id 4242424, which has no name" in str(programs._why_refused(4_242_424))


def test_the_stand_in_is_a_person_then_a_service_then_whoever_is_left() -> None:
    assert programs._stand_in([0, 1, 33, 1001, 1000, 65534]) == 1000
    assert programs._stand_in([0, 33, 2, 65534]) == 2
    assert programs._stand_in([0, 65534]) == 65534
    assert programs._stand_in([]) == 65534


def test_programs_are_not_told_about_another_server_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGHOST", "elsewhere")
    assert "PGHOST" not in programs.environment()


def test_a_program_that_fails_says_what_it_was_for_and_what_it_said() -> None:
    with pytest.raises(
        programs.EmbeddedPostgresError, match='cannot look after a cluster: pg_ctl: directory "/nowhere"'
    ):
        programs.run("pg_ctl", "status", "-D", "/nowhere", what="look after a cluster")
