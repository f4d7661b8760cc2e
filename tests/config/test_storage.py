"""FACET_STORAGE: a private folder, a bucket, or a clear refusal."""

from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage
from storages.backends.s3 import S3Storage

from config.env import ConfigurationError
from config.storage import default_storage


@pytest.mark.parametrize("scheme", ["", "file://"])
def test_files_in_a_folder_are_readable_by_their_owner_alone(tmp_path: Path, scheme: str) -> None:
    settings = default_storage(f"{scheme}{tmp_path / 'photos'}", tmp_path / "unused")
    storage = FileSystemStorage(**settings["OPTIONS"])
    name = storage.save("ab/photo.jpg", ContentFile(b"x"))
    assert Path(storage.path(name)) == tmp_path / "photos" / "ab" / "photo.jpg"
    assert Path(storage.path(name)).stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "photos" / "ab").stat().st_mode & 0o777 == 0o700


def test_without_a_choice_files_go_to_the_folder_given(tmp_path: Path) -> None:
    assert default_storage(None, tmp_path)["OPTIONS"]["location"] == str(tmp_path)


def test_a_bucket_is_private_and_its_parameters_reach_the_client(tmp_path: Path) -> None:
    settings = default_storage("s3://faces/a/b?endpoint_url=https://minio.example:9000", tmp_path)
    storage = S3Storage(**settings["OPTIONS"])
    assert (storage.bucket_name, storage.location) == ("faces", "a/b")
    assert storage.endpoint_url == "https://minio.example:9000"
    assert storage.default_acl == "private"


@pytest.mark.parametrize("value", ["photos", "ftp://host/photos", "s3://", "s3:bucket", "https://bucket"])
def test_anything_else_is_refused_with_examples(tmp_path: Path, value: str) -> None:
    with pytest.raises(ConfigurationError, match=r"FACET_STORAGE is .* s3://bucket/prefix"):
        default_storage(value, tmp_path)


def test_an_unknown_parameter_of_a_bucket_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="unknown parameter 'endpoint'; known are endpoint_url"):
        default_storage("s3://bucket?endpoint=https://minio.example", tmp_path)
