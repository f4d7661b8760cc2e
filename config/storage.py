"""Where photos are kept: a private folder, or a bucket that speaks S3."""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from config.env import ConfigurationError

EXAMPLES = "an absolute folder such as /srv/facet/photos, or s3://bucket/prefix?endpoint_url=https://minio.example:9000"
S3_OPTIONS = ("endpoint_url", "region_name", "addressing_style", "signature_version")


def default_storage(value: str | None, folder: Path) -> dict[str, Any]:
    """Django's storage settings for photos and weights; `folder` where nothing was chosen.

    Files are readable by their owner alone and have no address: the pages and the API hand them out
    after asking who wants them. Credentials for S3 come from where boto3 looks for them
    (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile, or the machine's role).

    Raises:
        ConfigurationError: neither an absolute folder nor an s3:// address, or an unknown parameter.
    """
    if value is None:
        return _folder_storage(folder)
    parts = urlsplit(value)
    if parts.scheme == "s3" and parts.netloc:
        return _s3_storage(parts.netloc, parts.path.strip("/"), dict(parse_qsl(parts.query)))
    path = Path(parts.path if parts.scheme == "file" else value).expanduser()
    if parts.scheme not in ("", "file") or not path.is_absolute():
        raise ConfigurationError(f"FACET_STORAGE is {value!r}; it must be {EXAMPLES}.")
    return _folder_storage(path)


def _folder_storage(folder: Path) -> dict[str, Any]:
    return {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {
            "location": str(folder),
            "file_permissions_mode": 0o600,
            "directory_permissions_mode": 0o700,
        },
    }


def _s3_storage(bucket: str, prefix: str, options: dict[str, str]) -> dict[str, Any]:
    unknown = sorted(set(options) - set(S3_OPTIONS))
    if unknown:
        raise ConfigurationError(
            f"FACET_STORAGE has the unknown parameter {unknown[0]!r}; known are {', '.join(S3_OPTIONS)}."
        )
    return {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            **options,
            "bucket_name": bucket,
            "location": prefix,
            "default_acl": "private",
            "querystring_auth": True,
            "file_overwrite": False,
        },
    }
