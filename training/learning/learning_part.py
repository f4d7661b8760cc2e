"""The layers of a network that learn, and how their gradients come about."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor, nn

from encoder.backbones import Backbone
from encoder.threads import hands, one_torch_thread, share_out
from training.configuration import Layers
from training.learning.objective import Objective

SMALL_BATCH = 8
"""Faces that a thread takes on at least."""


class LearningPart:
    """What comes behind the part of a backbone that stays as it is; the parameters are the backbone's."""

    def __init__(self, backbone: Backbone, layers: Layers, dtype: torch.dtype) -> None:
        """Have only these layers learn; convolutions compute in `dtype`, the head in float32."""
        sections = backbone.sections()
        self.blocks = blocks_of(backbone, layers)
        _, self._rear = sections.cut(self.blocks)
        self._head = sections.head
        backbone.train().requires_grad_(requires_grad=False)
        self._rear.requires_grad_(requires_grad=True)
        self._head.requires_grad_(requires_grad=True)
        self.parameters = [parameter for parameter in backbone.parameters() if parameter.requires_grad]
        self._device = self.parameters[0].device
        self._dtype = dtype
        for parameter in self.parameters:
            if parameter.ndim == 4:
                parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)

    def embed(self, inputs: Tensor) -> Tensor:
        """(B, ...) of what comes before -> (B, D) float32 of unit length, without a gradient."""
        answers = share_out(self._answer_only, self._parts(inputs))
        return nn.functional.normalize(torch.cat(answers))

    def learn(self, inputs: Tensor, judge: Callable[[Tensor], Objective]) -> Objective:
        """Judge the embeddings, (B, D) of unit length, and give each parameter its gradient.

        Faces meet in the loss alone: until there, and from there on, each thread takes some of them all the way. The
        threads of torch wait for each other some hundred times a step, on a busy machine for longer than they compute.
        """
        parts = self._parts(inputs)
        with one_torch_thread():
            return self._learn(parts, judge)

    def _learn(self, parts: list[Tensor], judge: Callable[[Tensor], Objective]) -> Objective:
        answers = share_out(self._answer, parts)
        raw = torch.cat([answer.detach() for answer in answers]).requires_grad_()
        found = judge(nn.functional.normalize(raw))
        (pull,) = torch.autograd.grad(found.loss, raw)
        pulls = torch.split(pull, [len(answer) for answer in answers])
        gradients = share_out(self._gradients, list(zip(answers, pulls, strict=True)))
        for parameter, first, *others in zip(self.parameters, *gradients, strict=True):
            # In the parameter's own memory order: on a CPU the fused optimizer takes any other one for it
            parameter.grad = torch.empty_like(parameter).copy_(first)
            for more in others:
                parameter.grad.add_(more)
        return found

    def _parts(self, inputs: Tensor) -> list[Tensor]:
        return list(inputs.tensor_split(hands(len(inputs) // SMALL_BATCH, self._device)))

    def _answer(self, inputs: Tensor) -> Tensor:
        with torch.enable_grad(), self._precision():
            features = self._rear(inputs)
        with torch.enable_grad():
            answers: Tensor = self._head(features.float())
            return answers

    def _answer_only(self, inputs: Tensor) -> Tensor:
        with torch.inference_mode():
            with self._precision():
                features = self._rear(inputs)
            answers: Tensor = self._head(features.float())
            return answers

    def _gradients(self, part: tuple[Tensor, Tensor]) -> tuple[Tensor, ...]:
        answers, pull = part
        return torch.autograd.grad(answers, self.parameters, pull)

    def _precision(self) -> AbstractContextManager[object]:
        """bfloat16 has the range of float32, so that small gradients need no scale."""
        if self._dtype == torch.float32:
            return nullcontext()
        return torch.autocast(self._device.type, torch.bfloat16)


def blocks_of(backbone: Backbone, layers: Layers) -> int | None:
    """How many of the last blocks learn; None: all, and the stem."""
    match layers:
        case Layers.ALL:
            return None
        case Layers.LAST:
            return backbone.last_blocks
        case Layers.HEAD:
            return 0
