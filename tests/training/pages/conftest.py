"""Who looks at the pages about error rates: the same people who look at the others."""

from tests.faces.pages.conftest import admin, client, client_of, filled, staff_with

__all__ = ["admin", "client", "client_of", "filled", "staff_with"]
