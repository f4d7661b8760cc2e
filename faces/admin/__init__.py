"""What of Facet the admin site shows by its own means: accounts, and lists that are only read."""

from faces.admin import accounts, encoder_versions, search_events

__all__ = ["accounts", "encoder_versions", "search_events"]
