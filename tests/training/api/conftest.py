"""Programs that ask about error rates: the same clients as elsewhere."""

from tests.faces.api.conftest import client, client_for, gallery

__all__ = ["client", "client_for", "gallery"]
