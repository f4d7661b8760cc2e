"""What Facet does, as plain functions: keyword-only, typed, one transaction each, objects in and objects out.

They never see a request, never send a task, and load no torch: an embedding reaches them as a value.
"""
