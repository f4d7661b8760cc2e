"""The same browser as for the other pages."""

from tests.faces.pages.browser.conftest import ada, open_page

__all__ = ["ada", "open_page"]
