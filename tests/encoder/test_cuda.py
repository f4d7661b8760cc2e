"""The encoder on CUDA: what a machine without one can tell, and what only a device can.

Torch's meta device stands in for CUDA where values do not matter: it takes every branch that a CPU does not.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from encoder import convolution
from encoder.alignment import invert_similarity, warp_faces
from encoder.checkpoints import load_backbone, load_detector_networks
from encoder.convolution import Normalization
from encoder.detection.networks import ONET_SIZE, RNET_SIZE, DetectorInference
from encoder.detection.sampling import cut_squares, resize, stack_alike, to_tensor
from encoder.devices import choose_device, upload
from encoder.embedding import CROPS_AT_ONCE
from encoder.geometry import EncodedPhoto
from encoder.images import Pixels, decode_image
from encoder.pipeline import FaceEncoder
from encoder.spec import DLIB_RESNET_SPEC as SPEC
from encoder.views import ViewMaker
from tests.encoder.golden.inputs import random_crops
from tests.encoder.golden.package_photos import astronaut, hopper

CPU, META = torch.device("cpu"), torch.device("meta")
DTYPES = (torch.float32, torch.float16, torch.bfloat16)
PRECISIONS = ("float32", "float16", "bfloat16")

on_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no CUDA device")


class Watch(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Sees every operator that torch runs.

    Attributes:
        count: how many there were.
        on_meta: how many of them dealt with the device that stands in for CUDA.
        mixed: the names of those, copies aside, that were given tensors of several devices: CUDA refuses, or waits.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.count = 0
        self.on_meta = 0
        self.mixed: list[str] = []

    def __torch_dispatch__(
        self,
        func: Any,
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        self.count += 1
        given = [value for value in tree_leaves((args, kwargs)) if isinstance(value, torch.Tensor)]
        if len({value.device for value in given}) > 1 and func.overloadpacket not in COPIES:
            self.mixed.append(str(func))
        answer = func(*args, **(kwargs or {}))
        met = [*given, *(value for value in tree_leaves(answer) if isinstance(value, torch.Tensor))]
        self.on_meta += any(value.device == META for value in met)
        return answer


COPIES = (torch.ops.aten._to_copy, torch.ops.aten.copy_)


def operators_of(work: Callable[[], object]) -> int:
    with Watch() as watch, torch.no_grad():
        work()
    count: int = watch.count
    return count


@pytest.fixture
def one_device() -> Iterator[None]:
    """Fails a test in which tensors of several devices meet."""
    with Watch() as watch, torch.no_grad():
        yield
    assert watch.mixed == []


def pictures_on(device: torch.device, batch: int, side: int, dtype: torch.dtype) -> torch.Tensor:
    return torch.zeros(batch, 3, side, side, dtype=dtype, device=device).contiguous(memory_format=torch.channels_last)


@pytest.mark.usefixtures("one_device")
@pytest.mark.parametrize("dtype", DTYPES)
def test_the_backbone_stays_on_its_device_and_answers_in_float32(dtype: torch.dtype) -> None:
    backbone = load_backbone(SPEC).to_inference(dtype, Normalization(SPEC.mean, SPEC.scale)).to(META)
    answer = backbone(pictures_on(META, 3, SPEC.input_size, dtype))
    assert (answer.device, answer.dtype, answer.shape) == (META, torch.float32, (3, SPEC.dimension))


@pytest.mark.usefixtures("one_device")
@pytest.mark.parametrize("dtype", DTYPES)
def test_the_detectors_networks_stay_on_their_device_and_answer_in_float32(dtype: torch.dtype) -> None:
    for network, side in zip(load_detector_networks(), (60, RNET_SIZE, ONET_SIZE), strict=True):
        answers = DetectorInference(network, dtype).to(META)(pictures_on(META, 2, side, dtype))
        assert {(answer.device, answer.dtype, len(answer)) for answer in answers} == {(META, torch.float32, 2)}


def test_what_a_cpu_has_fused_operators_for_is_the_same_without_them(monkeypatch: pytest.MonkeyPatch) -> None:
    crops = random_crops()
    fused = FaceEncoder.load(device="cpu", precision="float32").embed(crops)
    monkeypatch.setattr(convolution, "has_fused_operators", lambda: False)
    plain = FaceEncoder.load(device="cpu", precision="float32").embed(crops)
    assert ((fused - plain) ** 2).sum(axis=1).max() < 1e-8


@pytest.mark.usefixtures("one_device")
def test_pictures_are_reduced_squares_cut_and_faces_warped_on_the_device() -> None:
    photos = [astronaut(), hopper(), astronaut()[:300, :300]]
    stacks = stack_alike([to_tensor(photo, META) for photo in photos], 1_000_000)
    owners, squares = np.array([0, 2, 1, 1]), np.array([[5, 5, 30, 30], [-9, 0, 200, 209], [0, 0, 99, 99]] * 2)[:4]
    cut = cut_squares(stacks, owners, squares.astype(np.float32), RNET_SIZE)
    assert (cut.device, cut.shape) == (META, (4, 3, RNET_SIZE, RNET_SIZE))
    assert resize(to_tensor(photos[0], META), 30, 40).device == META
    crops = warp_faces(photos, [0, 1, 1], [shifted(10), shifted(20), shifted(0)], SPEC.input_size, META)
    assert (crops.device, crops.shape) == (META, (3, 3, SPEC.input_size, SPEC.input_size))


@pytest.mark.usefixtures("one_device")
def test_views_are_made_on_the_device() -> None:
    crops = torch.zeros(5, SPEC.input_size, SPEC.input_size, 3, dtype=torch.uint8, device=META)
    views = ViewMaker(SPEC.views, SPEC.input_size, META)(crops)
    assert (views.device, views.shape) == (META, (len(SPEC.views), *crops.shape))


def shifted(pixels: int) -> npt.NDArray[np.float64]:
    """From the crop to the photo: half its size, `pixels` to the right and down."""
    return invert_similarity(np.array([[0.5, 0.0, -pixels], [0.0, 0.5, -pixels]]))


def test_tensors_of_two_devices_that_meet_are_noticed() -> None:
    picture, weight = torch.zeros(1, 3, 8, 8, device=META), torch.zeros(4, 3, 3, 3)
    with Watch() as watch:
        torch.nn.functional.conv2d(picture, weight)
        weight.to(META)
    assert watch.mixed == ["aten.convolution.default"]


def test_reducing_in_floats_differs_from_a_cpus_bytes_by_rounding_alone() -> None:
    picture = to_tensor(astronaut(), CPU)
    on_cpu = resize(picture, 201, 187).int()
    exact = torch.nn.functional.interpolate(picture.float(), size=(201, 187), mode="bilinear", antialias=True)
    assert (on_cpu - exact.round().int()).abs().max() <= 1


def test_cutting_takes_as_many_operators_for_many_squares_as_for_few() -> None:
    squares = np.array([[x, y, x + 60, y + 60] for x in range(0, 400, 40) for y in range(0, 400, 40)], np.float32)

    def cut(count: int) -> Callable[[], object]:
        stacks = stack_alike([to_tensor(astronaut(), CPU)], 1_000_000)  # anew: it keeps what it once made
        return lambda: cut_squares(stacks, np.zeros(count, np.int64), squares[:count], ONET_SIZE)

    assert operators_of(cut(100)) == operators_of(cut(2))


def test_warping_asks_the_device_for_as_much_for_many_faces_as_for_few() -> None:
    def asked(count: int) -> int:
        similarities = [shifted(number) for number in range(count)]
        with Watch() as watch:
            warp_faces([astronaut()], [0] * count, similarities, SPEC.input_size, META)
        on_meta: int = watch.on_meta
        return on_meta

    assert asked(48) == asked(2) > 0


def test_an_upload_to_the_cpu_shares_memory_where_it_may() -> None:
    photo = astronaut()
    assert upload(photo, CPU).data_ptr() == photo.ctypes.data
    photo.flags.writeable = False
    assert upload(photo, CPU).data_ptr() != photo.ctypes.data


def distances(one: Sequence[EncodedPhoto], other: Sequence[EncodedPhoto]) -> npt.NDArray[np.float64]:
    """Of each face to the same face in the other answers."""
    pairs = [
        (face.embedding, twin.embedding)
        for photo, same in zip(one, other, strict=True)
        for face, twin in zip(photo.faces, same.faces, strict=True)
    ]
    return np.array([float(((a - b) ** 2).sum()) for a, b in pairs])


@pytest.fixture(scope="module")
def photos() -> list[Pixels]:
    """Different sizes in no order, one without a face, one with two, and one large."""
    one, other = astronaut(), hopper()
    both = np.zeros((600, 1024, 3), np.uint8)
    both[:512, :512], both[:, 512:] = one, other[:600, :512]
    large = np.ascontiguousarray(one.repeat(6, axis=0).repeat(6, axis=1))
    return [one, np.full((80, 60, 3), 127, np.uint8), other, np.ascontiguousarray(one[::2, ::2]), both, one, large]


@pytest.fixture(scope="module")
def expected(photos: list[Pixels]) -> list[EncodedPhoto]:
    return FaceEncoder.load(device="cpu", precision="float32").encode(photos)


@on_cuda
class TestOnADevice:
    """Bounds are of squared distances; a usual tau is 0.1 to 0.2."""

    @pytest.mark.parametrize(("precision", "bound"), [("float32", 2e-3), ("float16", 3e-3), ("bfloat16", 0.01)])
    def test_the_same_faces_are_found_and_embedded_as_on_a_cpu(
        self, precision: str, bound: float, photos: list[Pixels], expected: list[EncodedPhoto]
    ) -> None:
        found = FaceEncoder.load(device="cuda", precision=precision).encode(photos)
        assert [len(photo.faces) for photo in found] == [len(photo.faces) for photo in expected]
        for photo, same in zip(found, expected, strict=True):
            for face, twin in zip(photo.faces, same.faces, strict=True):
                shift = np.abs(face.landmarks.as_array() - twin.landmarks.as_array()).max()
                assert shift < 0.02 * twin.box.width
        assert distances(found, expected).max() < bound

    @pytest.mark.parametrize("precision", PRECISIONS)
    def test_photos_of_mixed_sizes_together_are_as_each_alone(self, precision: str, photos: list[Pixels]) -> None:
        encoder = FaceEncoder.load(device="cuda", precision=precision)
        together = encoder.encode(photos)
        alone = [encoder.encode([photo])[0] for photo in photos]
        assert distances(together, alone).max() < 1e-3

    def test_of_lfw_faces_distances_are_those_of_a_cpu(self, shared_data: Path) -> None:
        paths = sorted((shared_data / "lfw").glob("*/*_0001.jpg"))[:640:10]
        faces = [decode_image(path).pixels for path in paths]
        encoder, reference = FaceEncoder.load(device="cuda"), FaceEncoder.load(device="cpu", precision="float32")
        landmarks = [[face.landmarks for face in found[:1]] for found in reference.detect(faces)]
        ours, theirs = (some.embed(some.align(faces, landmarks)) for some in (encoder, reference))
        difference = np.abs(squared_distances(ours) - squared_distances(theirs))
        assert difference.max() < 2e-3

    def test_crops_are_those_of_a_cpu_but_for_rounding(
        self, photos: list[Pixels], expected: list[EncodedPhoto]
    ) -> None:
        landmarks = [[face.landmarks for face in photo.faces] for photo in expected]
        crops = [FaceEncoder.load(device=name).align(photos, landmarks).astype(int) for name in ("cuda", "cpu")]
        difference = np.abs(crops[0] - crops[1])
        assert difference.max() <= 2
        assert difference.mean() < 0.2

    def test_more_crops_than_go_through_at_once_are_as_in_parts(self) -> None:
        encoder = FaceEncoder.load(device="cuda")
        crops = np.concatenate([random_crops()] * (CROPS_AT_ONCE["cuda"] // 16 + 2))
        whole = encoder.embed(crops)
        assert np.allclose(whole[:16], encoder.embed(crops[:16]), atol=2e-3)
        assert np.allclose(whole[-16:], whole[:16], atol=2e-3)

    def test_an_upload_and_the_network_do_not_wait_for_the_device(self) -> None:
        device = choose_device("cuda")
        network = load_backbone(SPEC).to_inference(torch.float16, Normalization(SPEC.mean, SPEC.scale)).to(device)
        crops = pictures_on(device, 16, SPEC.input_size, torch.float16)
        torch.cuda.set_sync_debug_mode("error")
        try:
            uploaded = upload(astronaut(), device)
            with torch.inference_mode():
                answer = network(crops)
        finally:
            torch.cuda.set_sync_debug_mode("default")
        assert np.array_equal(uploaded.cpu().numpy(), astronaut())
        assert bool(answer.isfinite().all())

    def test_float32_convolutions_are_not_computed_as_tf32(self) -> None:
        device = choose_device("cuda")
        generator = torch.Generator().manual_seed(0)
        x, weight = torch.randn(4, 64, 20, 20, generator=generator), torch.randn(64, 64, 3, 3, generator=generator)
        exact = torch.nn.functional.conv2d(x.double(), weight.double())
        error = (torch.nn.functional.conv2d(x.to(device), weight.to(device)).cpu().double() - exact).abs().max()
        assert float(error) < 1e-3  # of values around 24; TF32 would be off by 0.03


def squared_distances(embeddings: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    values = embeddings.astype(np.float64)
    result: npt.NDArray[np.float64] = ((values[:, None] - values[None]) ** 2).sum(axis=2)
    return result
