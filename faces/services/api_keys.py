"""API keys: made, recognized and revoked.

A key reads `facet_<prefix>_<secret>`. The secret has 256 random bits, so its plain SHA-256 is all that is kept: there
is nothing to guess that a slow hash would protect.
"""

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from faces.exceptions import InvalidRequestError, WrongStateError
from faces.models import ApiKey, Gallery

SCHEME = "facet"
PREFIX_BYTES = 4
SECRET_BYTES = 32

NOTED_EVERY = timedelta(minutes=1)
"""How often `last_used_at` is written at most: a busy key must not cost a write a request."""

# Every request of a program asks this. As a statement it takes a fourth of the time that Django needs to build it.
USABLE = """
    SELECT api_key.* FROM faces_apikey AS api_key JOIN auth_user AS account ON account.id = api_key.created_by_id
    WHERE api_key.prefix = %s AND api_key.revoked_at IS NULL AND account.is_active
        AND (api_key.expires_at IS NULL OR api_key.expires_at > %s)
"""


@transaction.atomic
def create_api_key(
    *,
    name: str,
    scopes: Sequence[str],
    galleries: Iterable[Gallery],
    user: User,
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:
    """Make a key for a program.

    Args:
        name: which program uses it, 1 to 100 characters.
        scopes: what it may do, one or more of `ApiKey.Scope`.
        galleries: what it may see; none at all is allowed, for a key that makes its own galleries.
        user: who answers for it. When this account is disabled, the key is, too.
        expires_at: when it stops working; None for never.

    Returns:
        The key's row, and the key itself, which can never be shown again.

    Raises:
        InvalidRequestError: no name, no or an unknown scope, or an end that is past.
    """
    name = name.strip()
    if not 1 <= len(name) <= 100:
        raise InvalidRequestError(f"A key's name has 1 to 100 characters; this one has {len(name)}.")
    unknown = sorted(set(scopes) - set(ApiKey.Scope.values))
    if unknown or not scopes:
        found = f"“{unknown[0]}” is none" if unknown else "none is given"
        raise InvalidRequestError(f"A key needs one or more of {', '.join(ApiKey.Scope.values)}; {found}.")
    if expires_at is not None and expires_at <= timezone.now():
        raise InvalidRequestError("The key's end lies in the past. Choose a later one, or none.")
    prefix = secrets.token_hex(PREFIX_BYTES)
    plain = f"{SCHEME}_{prefix}_{secrets.token_urlsafe(SECRET_BYTES)}"
    api_key = ApiKey.objects.create(
        name=name,
        prefix=prefix,
        digest=digest_of(plain),
        scopes=sorted(set(scopes)),
        created_by=user,
        expires_at=expires_at,
    )
    api_key.galleries.set(galleries)
    return api_key, plain


def digest_of(plain: str) -> str:
    """Return the SHA-256 of a whole key, 64 hexadecimal digits."""
    return hashlib.sha256(plain.encode()).hexdigest()


def find_api_key(plain: str) -> ApiKey | None:
    """Return the usable key that this text is; None for anything else.

    The row is found by the prefix, which is no secret; the digest is compared in constant time.
    """
    scheme, _, rest = plain.partition("_")
    prefix, _, secret = rest.partition("_")
    if scheme != SCHEME or not secret or "\x00" in plain:
        return None
    api_key = next(iter(ApiKey.objects.raw(USABLE, (prefix, timezone.now()))), None)
    if api_key is None or not secrets.compare_digest(api_key.digest, digest_of(plain)):
        return None
    return api_key


def note_use(*, api_key: ApiKey) -> None:
    """Write that a key was used just now, at most once a minute."""
    now = timezone.now()
    stale = now - NOTED_EVERY
    if api_key.last_used_at is not None and api_key.last_used_at > stale:
        return
    ApiKey.objects.filter(Q(last_used_at__isnull=True) | Q(last_used_at__lte=stale), pk=api_key.pk).update(
        last_used_at=now
    )


def revoke_api_key(*, api_key: ApiKey) -> ApiKey:
    """Stop a key for good, from the very next request on.

    Raises:
        WrongStateError: it was revoked before.
    """
    now = timezone.now()
    if not ApiKey.objects.filter(pk=api_key.pk, revoked_at__isnull=True).update(revoked_at=now):
        raise WrongStateError(f"The key “{api_key}” was revoked before.")
    api_key.revoked_at = now
    return api_key
