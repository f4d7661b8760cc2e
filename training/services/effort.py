"""How much is compared in an evaluation, and how much of it is kept."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Effort:
    """Numbers that bound the time and memory of an evaluation, whatever the size of the gallery.

    Attributes:
        comparisons: made in any case where there are as many: each of 40,000 faces is compared with all others and all
            templates.
        fewest_probes: faces that are looked for, where there are as many: an FPIR of 1 % is then 100 of them.
        most_probes: to which a sample grows where few faces show somebody who has another photo.
        enough_mated: how many of the probes should: an FNIR of 2 % is then 30 of them.
        faces_for_templates: of which people's templates without a photo are made, in all: a person with n photos takes
            n² of them.
        near: non-mated comparisons that are kept, the nearest.
        near_share: of all non-mated comparisons; what is farther than this FMR need not be known one by one.
        far: drawn of the others. At an FMR of 2 % and more their share is off by 1.2 % of the rate or less (one
            standard deviation).
        far_of_a_probe: drawn at least.
        mated: comparisons of two photos of one person that are kept; of people with very many photos a sample.
        pilot_probes, pilot_others: all of whose distances say where the near ones end.
    """

    comparisons: int = 2_500_000_000
    fewest_probes: int = 10_000
    most_probes: int = 20_000
    enough_mated: int = 1_500
    faces_for_templates: int = 20_000_000
    near: int = 500_000
    near_share: float = 0.01
    far: int = 200_000
    far_of_a_probe: int = 8
    mated: int = 500_000
    pilot_probes: int = 2_048
    pilot_others: int = 4_096


USUAL = Effort()
