"""The operations, one module a noun; each action validates, calls a service and answers."""
