"""Django's PostgreSQL engine over the embedded server: the first connection starts or attaches to it."""
