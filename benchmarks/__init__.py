"""Runnable measurements, each beside a named rival in the same run."""
