"""The z-buffer against nested loops and boundaries made by hand, and the head as a solid."""

import numpy as np
import pytest

from faces.drawn_people import draw_identity
from faces.drawn_people.camera import PIVOT, Framing, Pose, project
from faces.drawn_people.expression import Expression
from faces.drawn_people.head import build_head
from faces.drawn_people.raster import Fragments, rasterize
from faces.drawn_people.skull import build_skull

SIDE = 24


def _slow(vertices: np.ndarray, triangles: np.ndarray, cover: np.ndarray, two_sided: np.ndarray) -> np.ndarray:
    """Triangle + 1 of every pixel, 0 for none, by the definition: one pixel and one triangle at a time."""
    seen = np.zeros((SIDE, SIDE), int)
    for row in range(SIDE):
        for column in range(SIDE):
            nearest = -1.0
            for t, corners in enumerate(triangles):
                (ax, ay, ad), (bx, by, bd), (cx, cy, cd) = vertices[corners].astype(float)
                area = (bx - ax) * (cy - ay) - (cx - ax) * (by - ay)
                if area == 0 or (area > 0 and not two_sided[t]):
                    continue
                x, y = column + 0.5, row + 0.5
                weight_b = ((x - ax) * (cy - ay) - (cx - ax) * (y - ay)) / area
                weight_c = ((bx - ax) * (y - ay) - (x - ax) * (by - ay)) / area
                weight_a = 1 - weight_b - weight_c
                depth = weight_a * ad + weight_b * bd + weight_c * cd
                covered = weight_a * cover[corners[0]] + weight_b * cover[corners[1]] + weight_c * cover[corners[2]]
                if min(weight_a, weight_b, weight_c, covered) >= 0 and depth > nearest:
                    nearest, seen[row, column] = depth, t + 1
    return seen


def _picture(seen: Fragments) -> np.ndarray:
    picture = np.zeros(SIDE * SIDE, int)
    picture[seen.pixel] = seen.triangle + 1
    return picture.reshape(SIDE, SIDE)


@pytest.mark.parametrize("seed", range(4))
def test_the_z_buffer_agrees_with_nested_loops(seed: int) -> None:
    rng = np.random.default_rng(seed)
    vertices = np.concatenate([rng.uniform(-4, 28, (36, 2)), rng.uniform(0, 1, (36, 1))], axis=1).astype(np.float32)
    triangles = rng.permutation(36).reshape(12, 3).astype(np.int32)
    cover = rng.uniform(-0.4, 1, 36).astype(np.float32)
    two_sided = rng.random(12) < 0.5
    seen = rasterize(vertices, triangles, cover, two_sided, width=SIDE, height=SIDE)
    expected = _slow(vertices, triangles, cover, two_sided)
    assert 100 < (expected > 0).sum() < SIDE * SIDE
    # the fast one lets neighbors overlap by a hair, so a pixel on an edge may differ
    assert (_picture(seen) != expected).sum() <= 2


def test_the_nearer_of_two_triangles_hides_the_other() -> None:
    vertices = np.array([(2, 2, 0.2), (2, 20, 0.2), (20, 2, 0.2), (2, 2, 0.7), (2, 20, 0.7), (20, 2, 0.7)], np.float32)
    triangles = np.array([(3, 4, 5), (0, 1, 2)], np.int32)
    seen = rasterize(vertices, triangles, np.ones(6, np.float32), np.zeros(2, bool), width=SIDE, height=SIDE)
    assert set(seen.triangle) == {0}


def test_a_triangle_seen_from_behind_shows_only_when_it_has_two_sides() -> None:
    vertices = np.array([(2, 2, 0.2), (20, 2, 0.2), (2, 20, 0.2)], np.float32)
    triangles, cover = np.array([(0, 1, 2)], np.int32), np.ones(3, np.float32)
    hidden = rasterize(vertices, triangles, cover, np.array([False]), width=SIDE, height=SIDE)
    shown = rasterize(vertices, triangles, cover, np.array([True]), width=SIDE, height=SIDE)
    assert len(hidden.pixel) == 0
    assert len(shown.pixel) > 100


def test_weights_add_up_to_one_and_find_the_place_of_the_pixel() -> None:
    vertices = np.array([(1, 1, 0.2), (3, 22, 0.2), (21, 4, 0.2)], np.float32)
    triangles = np.array([(0, 1, 2)], np.int32)
    seen = rasterize(vertices, triangles, np.ones(3, np.float32), np.array([False]), width=SIDE, height=SIDE)
    np.testing.assert_allclose(seen.weights.sum(axis=0), 1, atol=1e-4)
    np.testing.assert_allclose(seen.weights.T @ vertices[:, 0], seen.pixel % SIDE + 0.5, atol=1e-2)


def _pixels_of_parts(yaw: float) -> list[int]:
    """Visible pixels of the face, the ear on the left of the picture and the ear on the right, at a yaw."""
    identity = draw_identity(7)
    meshes = build_head(identity, Expression(), build_skull(identity))
    turn = Pose(yaw=yaw).matrix()
    offsets = np.cumsum([0, *(len(mesh.vertices) for mesh in meshes)])
    points = np.concatenate([(mesh.vertices - PIVOT) @ turn.T + PIVOT for mesh in meshes])
    triangles = np.concatenate([mesh.triangles + start for mesh, start in zip(meshes, offsets, strict=False)])
    seen = rasterize(
        project(points, Framing(), 200, 200),
        triangles,
        np.ones(len(points), np.float32),
        np.zeros(len(triangles), bool),
        width=200,
        height=200,
    )
    owner = np.searchsorted(np.cumsum([len(mesh.triangles) for mesh in meshes]), seen.triangle, side="right")
    return [int(count) for count in np.bincount(owner, minlength=3)]


def test_the_head_is_a_solid_that_hides_one_ear_when_it_turns() -> None:
    _, left, right = _pixels_of_parts(0)
    assert left > 100
    assert right > 100
    _, left, right = _pixels_of_parts(70)  # to the right of the picture: the ear on the left comes forward
    assert left > 300
    assert right == 0
    _, left, right = _pixels_of_parts(-70)
    assert left == 0
    assert right > 300


def test_the_nose_stands_out_of_the_face() -> None:
    identity = draw_identity(7)
    face = build_head(identity, Expression(), build_skull(identity))[0]
    tip = face.vertices[face.vertices[:, 2].argmax()]
    assert abs(tip[0]) < 0.02
    assert abs(tip[1] + identity.nose_length) < 0.12
