"""Pixels in, embeddings out: detect, align and embed the faces of a photo.

A pure PyTorch library: no Django, no queue, no network. Importing this package, or one of its torch-free modules
(`geometry`, `exceptions`, `images`, `spec`, `quality`), loads no torch, so that a web process may use their words.
"""
