"""A network in parts, so that what comes last can learn while what comes before is worked out once."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor, nn

from encoder.convolution import Normalization, NormalizeCentered


class Sections(NamedTuple):
    """`head(pool(blocks[-1](... blocks[0](stem(crops)))))` is what the network answers; the parameters are its own.

    Attributes:
        stem: from crops, as the network takes them, to a map.
        blocks: from map to map.
        pool: from a map to (B, F) float32.
        head: from that to (B, dimension) float32.
    """

    stem: nn.Module
    blocks: tuple[nn.Module, ...]
    pool: nn.Module
    head: nn.Module

    def cut(self, blocks: int | None) -> tuple[nn.Sequential, nn.Sequential]:
        """What comes before the last `blocks`, and these with the pool; None: nothing comes before.

        With 0 the pool belongs to the first part, and nothing is left between it and the head.

        Raises ValueError for more blocks than there are.
        """
        if blocks is None:
            return nn.Sequential(), nn.Sequential(self.stem, *self.blocks, self.pool)
        if not 0 <= blocks <= len(self.blocks):
            raise ValueError(f"A network of {len(self.blocks)} blocks cannot be cut before the last {blocks}.")
        if blocks == 0:
            return nn.Sequential(self.stem, *self.blocks, self.pool), nn.Sequential()
        before = len(self.blocks) - blocks
        return nn.Sequential(self.stem, *self.blocks[:before]), nn.Sequential(*self.blocks[before:], self.pool)


class Sectioned(nn.Module):
    """A network that can be taken apart."""

    def sections(self) -> Sections:
        """Its parts, from the stem to the last layer; the parameters are its own."""
        raise NotImplementedError


class NormalizedFirst(Sectioned):
    """A network behind the normalization of its pixels: it takes `centered` ones."""

    def __init__(self, normalization: Normalization, network: Sectioned) -> None:
        super().__init__()
        self.normalize = NormalizeCentered(normalization)
        self.network = network

    def forward(self, pixels: Tensor) -> Tensor:
        result: Tensor = self.network(self.normalize(pixels))
        return result

    def sections(self) -> Sections:
        """Those of the network; its stem normalizes first."""
        parts = self.network.sections()
        return parts._replace(stem=nn.Sequential(self.normalize, parts.stem))


class Averaged(nn.Module):
    """The mean of each channel of a map: (B, C, H, W) -> (B, C) float32."""

    def forward(self, x: Tensor) -> Tensor:
        return x.float().mean(dim=(2, 3))


class Flattened(nn.Module):
    """(B, C, H, W) -> (B, C * H * W) float32."""

    def forward(self, x: Tensor) -> Tensor:
        return x.float().flatten(1)
