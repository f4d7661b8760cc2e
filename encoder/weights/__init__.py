"""Readers of others' weight formats: bytes in, named arrays out. They open no file; `encoder.checkpoints` does."""
