"""What of Facet the admin site shows by its own means: accounts, and lists that are only read."""

from faces.admin import accounts, search_events

__all__ = ["accounts", "search_events"]
