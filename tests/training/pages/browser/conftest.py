"""The same browser as for the other pages."""

from tests.faces.pages.browser.conftest import ada, browser, open_page

__all__ = ["ada", "browser", "open_page"]
