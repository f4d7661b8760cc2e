"""The theme's classes, which are untyped, as typed ones."""

from typing import Any, TypeVar

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from unfold.admin import ModelAdmin as UnfoldModelAdmin

M = TypeVar("M", bound=Model)


class ThemedAdmin(UnfoldModelAdmin, admin.ModelAdmin[M]):  # type: ignore[misc]
    """Django's ModelAdmin in the look of the theme."""


class ReadOnlyAdmin(ThemedAdmin[M]):
    """Rows that nobody adds, changes or deletes by hand."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False
