"""The process that trains and judges; `python -m benchmarks.retraining` starts it with a fresh platform's settings."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import django
import torch

django.setup()

# What follows needs the settings.
from django.core.management import call_command  # noqa: E402

from benchmarks.retraining_arms import Bench, Run  # noqa: E402
from benchmarks.retraining_faces import Album, Domain, drawn_album  # noqa: E402
from benchmarks.retraining_figures import Figures, Interval, first_to_reach  # noqa: E402
from encoder.devices import choose_device  # noqa: E402
from encoder.spec import DLIB_RESNET_SPEC  # noqa: E402
from training.configuration import Augmentation, Layers, Negatives, TrainingConfiguration  # noqa: E402

NAMES = {"tar": "tar_at_fmr_1e-2", "rank_1": "rank_1", "eer": "eer", "plain_tar": "plain_tar_at_fmr_1e-3"}
"""Of the figures, in the answer."""

RECIPES: Mapping[str, TrainingConfiguration] = {
    "poor-cameras": TrainingConfiguration(augmentation=Augmentation.POOR_CAMERAS),
    "drawn": TrainingConfiguration(augmentation=Augmentation.USUAL, epochs=4, steps_per_epoch=40),
}
"""What the platform does without further settings; drawn people are few, and learned soon."""

CONTESTED = {"poor-cameras": "tar", "drawn": "plain_tar"}
"""The figure by which arms are said to have reached what random triplets became."""

ARMS: Mapping[str, Mapping[str, Any]] = {
    "random": {"negatives": Negatives.RANDOM},
    "in-batch": {"negatives": Negatives.IN_BATCH},
    "database": {"negatives": Negatives.DATABASE},
    "last-layers": {"negatives": Negatives.DATABASE, "layers": Layers.LAST},
}
CHECKPOINTS = 12
"""Of a contest's arm, at which it is judged."""


@dataclass(frozen=True)
class Told:
    """What the runs of one arm come to.

    Attributes:
        name: of the arm.
        steps: of each run.
        runs: one a seed.
    """

    name: str
    steps: int
    runs: Sequence[Run]

    def interval(self, figure: str) -> Interval:
        """Of a figure of the deployed embedding at the end."""
        return Interval.of([getattr(run.after, figure) for run in self.runs])

    def steps_to(self, figure: str, wanted: Sequence[float]) -> list[int | None]:
        """For each run, the first step at which a figure was at least what is wanted of it; by upright views."""
        return [
            first_to_reach(
                [moment.step for moment in run.curve], [getattr(moment.figures, figure) for moment in run.curve], least
            )
            for run, least in zip(self.runs, wanted, strict=True)
        ]

    def as_object(self) -> dict[str, Any]:
        """For JSON."""
        intervals = {NAMES[figure]: asdict(self.interval(figure)) for figure in NAMES}
        return {
            "steps": self.steps,
            **{name: interval["mean"] for name, interval in intervals.items()},
            "intervals": intervals,
            "seconds": [run.seconds for run in self.runs],
            "step_seconds": [run.step_s for run in self.runs],
            "mining_seconds_per_epoch": [run.mining_s for run in self.runs],
            "curves": [[[moment.step, *asdict(moment.figures).values()] for moment in run.curve] for run in self.runs],
        }


class Contest:
    """Trains, prints a line a run, and remembers."""

    def __init__(self, bench: Bench, recipe: TrainingConfiguration, seeds: int) -> None:
        self.bench = bench
        self.recipe = recipe
        self.seeds = seeds

    def of(self, name: str, changes: Mapping[str, Any], *, epochs: int, steps_per_epoch: int) -> Told:
        """Train once a seed with these changes of the recipe."""
        configuration = replace(self.recipe, epochs=epochs, steps_per_epoch=steps_per_epoch, **changes).checked()
        runs = []
        for seed in range(self.seeds):
            run = self.bench.train(replace(configuration, seed=seed))
            runs.append(run)
            print(f"{f'{name}, seed {seed}':32}{_columns(run.after)}{run.seconds:9.0f}{run.step_s:9.3f}", flush=True)
        return Told(name, epochs * steps_per_epoch, runs)


def main() -> None:
    """Measure, and print tables, and with --json one object on the last line."""
    options = parsed()
    call_command("migrate", interactive=False, verbosity=0)
    began_at = time.monotonic()
    domain = domain_of(options)
    bench = Bench(domain, folder=options.folder, device=choose_device("auto"))
    recipe = RECIPES[options.domain]
    people = len({*domain.faces.people[bench.rows].tolist()})
    judged = len({*domain.people.tolist()})
    print(
        f"{len(bench.rows):,} photos of {people:,} people to learn from; {judged:,} other people are judged by "
        f"{len(domain.judged):,} photos. {torch.get_num_threads()} threads, {bench.device}."
    )
    print(f"\n{'':32}{'TAR':>9}{'rank 1':>9}{'EER':>9}{'plain TAR':>11}{'seconds':>9}{'a step':>9}")
    before = bench.judged(DLIB_RESNET_SPEC, None)
    print(f"{'pretrained':32}{_columns(before)}", flush=True)
    contest = Contest(bench, recipe, options.seeds)
    told = [] if options.skip_recipe else [_of_recipe(contest, options.steps)]
    steps_per_epoch = max(1, options.arm_steps // CHECKPOINTS)
    told += [contest.of(arm, ARMS[arm], epochs=CHECKPOINTS, steps_per_epoch=steps_per_epoch) for arm in options.arms]
    _print_means(told)
    reached = _reached(told, CONTESTED[options.domain])
    if options.json:
        seconds = time.monotonic() - began_at
        print(json.dumps(_answer(options.domain, domain, bench, before, told) | reached | {"seconds": seconds}))


def domain_of(options: argparse.Namespace) -> Domain:
    """Who is learned from and judged; kept in the cache for the next time."""
    if options.domain == "drawn":
        folder = options.cache / "drawn"
        album = drawn_album(folder, people=options.drawn, kept=options.cache / f"drawn-{options.drawn}.npz")
        return Domain.drawn(album, people_judged=options.drawn // 3)
    album = Album.of(options.photos, options.cache / "photos.npz")
    return Domain.poor_cameras(album, people_judged=options.judged)


def parsed() -> argparse.Namespace:
    """What `benchmarks.retraining` hands on."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--domain", choices=sorted(RECIPES), required=True)
    parser.add_argument("--photos", type=Path)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--seeds", type=int, required=True)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--arm-steps", type=int, required=True)
    parser.add_argument("--arms", nargs="*", choices=sorted(ARMS), required=True)
    parser.add_argument("--judged", type=int, required=True)
    parser.add_argument("--drawn", type=int, required=True)
    parser.add_argument("--skip-recipe", action="store_true")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def _of_recipe(contest: Contest, steps: int | None) -> Told:
    epochs, each = contest.recipe.epochs, contest.recipe.steps_per_epoch
    if steps is not None:
        epochs, each = max(1, round(steps / each)), min(steps, each)
    return contest.of("the platform's recipe", {}, epochs=epochs, steps_per_epoch=each)


def _columns(found: Figures) -> str:
    return f"{found.tar:9.2%}{found.rank_1:9.2%}{found.eer:9.2%}{found.plain_tar:11.2%}"


def _print_means(told: Sequence[Told]) -> None:
    print(f"\n{'mean (95 % of the mean)':32}{'steps':>7}")
    for arm in told:
        found = [arm.interval(figure) for figure in NAMES]
        parts = [f"{each.mean:8.2%} ({each.low:.2%} to {each.high:.2%})" for each in found]
        print(f"{arm.name:32}{arm.steps:7,}" + "".join(parts))


def _reached(told: Sequence[Told], figure: str) -> dict[str, Any]:
    """Print after how many steps each arm was as good as random triplets became, seed by seed."""
    random = next((arm for arm in told if arm.name == "random"), None)
    if random is None:
        return {}
    wanted = [getattr(run.curve[-1].figures, figure) for run in random.runs]
    reached = {arm.name: arm.steps_to(figure, wanted) for arm in told}
    print(f"\nSteps until the {figure} of {random.steps:,} steps with random triplets is reached (one upright view):")
    for name, steps in reached.items():
        print(f"{name:32}" + "".join(f"{'never' if step is None else step:>9}" for step in steps))
    return {"steps_to_reach_random": reached, "reached": {"figure": NAMES[figure], "values": wanted}}


def _answer(name: str, domain: Domain, bench: Bench, before: Figures, told: Sequence[Told]) -> dict[str, Any]:
    first = told[0].as_object() if told else {}
    return {
        "domain": name,
        "people_judged": len({*domain.people.tolist()}),
        "photos_judged": len(domain.judged),
        "photos_trained_on": len(bench.rows),
        "device": str(bench.device),
        "before": {NAMES[figure]: value for figure, value in asdict(before).items()},
        **{name: first[name] for name in NAMES.values() if name in first},
        "arms": {arm.name: arm.as_object() for arm in told},
    }


if __name__ == "__main__":
    main()
