"""JSON in and out, one module a noun."""
