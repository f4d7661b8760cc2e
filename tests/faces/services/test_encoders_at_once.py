"""Two imports of one network at the same moment, on a real database with real transactions."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Barrier

import pytest
from django.core.files.storage import default_storage
from django.db import connection

from encoder.spec import DLIB_RESNET_SPEC
from faces.models import EncoderVersion
from faces.services.encoders import Stored, store_candidate

IMPORTS = 4


@pytest.mark.django_db(transaction=True)
def test_one_network_imported_several_times_at_once_is_one_version_with_its_file(tmp_path: Path) -> None:
    weights = tmp_path / "weights"
    weights.write_bytes(b"weights" * 100_000)
    begin = Barrier(IMPORTS)

    def store(number: int) -> Stored:
        spec = replace(DLIB_RESNET_SPEC, name=f"Import {number}", weights_sha256="a" * 64)
        begin.wait()
        try:
            return store_candidate(spec=spec, weights=weights)
        finally:
            connection.close()

    with ThreadPoolExecutor(IMPORTS) as threads:
        stored = list(threads.map(store, range(IMPORTS)))
    assert sorted(each.is_new for each in stored) == [False] * (IMPORTS - 1) + [True]
    (version,) = EncoderVersion.objects.filter(weights_sha256="a" * 64)
    assert {each.version.pk for each in stored} == {version.pk}
    with default_storage.open(version.weights.removeprefix("storage:")) as file:
        assert file.read() == weights.read_bytes()
    assert len(default_storage.listdir("encoders")[1]) == 1
