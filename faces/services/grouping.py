"""Unknown faces of a gallery, grouped into probable people: the work of a job."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from faces.exceptions import InvalidRequestError, JobCancelledError
from faces.models import EncoderVersion, Gallery, Job, ProbablePerson, Threshold
from faces.services.clustering import Group, Links, Vectors, join
from faces.services.neighbor_graph import (
    Graph,
    UnknownFaces,
    build_index,
    is_worth_an_index,
    neighbors_of_faces,
    neighbors_of_means,
    unknown_faces,
)
from faces.services.proposals import write_groups
from faces.services.thresholds import tau_in_force
from faces.services.waiting import kept_alive
from faces.services.working import Show, unseen


@dataclass(frozen=True)
class Earlier:
    """What earlier groupings and admins have decided.

    Attributes:
        refused: numbers of faces to the probable people that they were taken out of.
        closed: probable people who were dismissed: new faces may join them, other groups do not.
        loose: probable people whose faces are grouped from the beginning.
    """

    refused: Mapping[int, set[int]]
    closed: frozenset[int]
    loose: frozenset[int]


def group_unknown_faces(job: Job, *, show: Show = unseen) -> Mapping[str, object]:
    """Group the unknown faces of the job's gallery; `parameters["anew"]` gives up the present groups.

    Faces that are in a group stay together unless they are grouped anew, or by another encoder version. What an admin
    has dismissed stays so. Nothing is written before everything is known, and then all of it at once.

    Raises:
        JobCancelledError: somebody cancelled the job.
        InvalidRequestError: the job names no gallery.
        NoThresholdError: no tau is set for recognition in this gallery.
    """
    if job.gallery is None:
        raise InvalidRequestError("Faces are grouped within a gallery; this job names none.")
    gallery = job.gallery
    version = gallery.encoder_version
    tau = tau_in_force(gallery=gallery, encoder_version=version, use=Threshold.Use.RECOGNITION).tau
    with unknown_faces(gallery, version) as faces:
        count = len(faces.ids)

        def report(done: int, note: str = "") -> None:
            note = note or f"Compared {done:,} of {count:,} faces"
            show(done, count, note)
            if not job.report(done, count, note):
                raise JobCancelledError("It was cancelled; the groups are as they were.")

        report(0)
        if is_worth_an_index(faces):
            with kept_alive(job, note=f"Making an index of {count:,} faces"):
                build_index()
        earlier = _earlier(gallery, version, is_anew=bool(job.parameters.get("anew")))
        groups = find_groups(faces, earlier, tau=tau, report=report)
        report(count, f"Writing {len(groups):,} groups")
        written = write_groups(gallery=gallery, encoder_version=version, faces=faces, groups=groups)
        report(count, written.text())
    return {
        "faces_compared": count,
        "probable_people": written.groups,
        "their_faces": written.grouped,
        "new_probable_people": written.new,
    }


def _earlier(gallery: Gallery, version: EncoderVersion, *, is_anew: bool) -> Earlier:
    rows = ProbablePerson.objects.filter(gallery=gallery)
    closed = frozenset(rows.filter(dismissed_at__isnull=False).values_list("pk", flat=True))
    given_up = rows if is_anew else rows.exclude(encoder_version=version)
    refused: dict[int, set[int]] = {}
    for group, face in rows.filter(refused__isnull=False).values_list("pk", "refused"):
        refused.setdefault(face, set()).add(group)
    return Earlier(refused, closed, frozenset(given_up.values_list("pk", flat=True)) - closed)


def find_groups(faces: UnknownFaces, earlier: Earlier, *, tau: float, report: Callable[[int], None]) -> list[Group]:
    """Group faces by average linkage over the nearest-neighbor graph; returns also groups of a single face.

    Who has more faces within tau than neighbors were looked for may fall apart into several groups, each a closed
    circle of neighbors; such groups are compared by their means until nothing more is joined.
    """
    held = np.where(np.isin(faces.groups, list(earlier.loose)), 0, faces.groups)  # (N,)
    faces = replace(faces, groups=held)
    graph = neighbors_of_faces(faces, tau=tau, report=report)
    groups, sums, links = _first_groups(faces, graph, earlier)
    left = join(groups, sums, links, tau=tau, closed=earlier.closed)
    done = [index for index in left if not graph.is_crowded[groups[index].members].any()]
    crowded = [index for index in left if graph.is_crowded[groups[index].members].any()]
    while len(crowded) > 1:
        means = sums[crowded] / np.linalg.norm(sums[crowded], axis=1, keepdims=True)
        near = neighbors_of_means(means, tau=tau, report=lambda _: report(len(faces.ids)))
        part, part_sums = [groups[index] for index in crowded], sums[crowded]
        still = join(part, part_sums, near.links, tau=tau, closed=earlier.closed)
        sums[crowded] = part_sums
        if len(still) == len(crowded):
            break
        crowded = [crowded[index] for index in still]
    return [groups[index] for index in sorted(done + crowded)]


def _first_groups(faces: UnknownFaces, graph: Graph, earlier: Earlier) -> tuple[Sequence[Group], Vectors, Links]:
    """Return what is joined: the earlier groups, and every other face that is near another one; and their links."""
    concerned = np.union1d(np.flatnonzero(faces.groups), graph.links.ravel()).astype(np.int64)
    groups: list[Group] = []
    group_of: dict[int, int] = {}  # probable person to index
    place = np.full(len(faces.ids), -1, dtype=np.int64)  # face to index
    for face in concerned.tolist():
        origin = int(faces.groups[face])
        single = Group(
            members=[face],
            photos={int(faces.photos[face])},
            origins={origin} if origin else set(),
            refused=set(earlier.refused.get(int(faces.ids[face]), ())),
        )
        if origin in group_of:
            groups[group_of[origin]].take(single)
        else:
            groups.append(single)
            if origin:
                group_of[origin] = len(groups) - 1
        place[face] = group_of[origin] if origin else len(groups) - 1
    sums = np.zeros((len(groups), faces.dimension), dtype=np.float32)
    np.add.at(sums, place[concerned], faces.vectors(concerned))
    links = np.sort(place[graph.links], axis=1)
    return groups, sums, np.unique(links[links[:, 0] != links[:, 1]], axis=0)
