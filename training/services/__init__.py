"""What evaluating and training do with galleries and photos; called by commands and tasks."""
