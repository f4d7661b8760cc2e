"""An evaluation report in the order in which pages and files show it."""

from dataclasses import dataclass

from training.metrics.figures import Figures, Verification
from training.models import EvaluationReport
from training.services.charts import Chart
from training.services.report_charts import recognition_charts, verification_charts
from training.services.report_probability import Probability, classifiers_of, probabilities
from training.services.report_summary import (
    GroupTable,
    Headline,
    Row,
    SizeRow,
    at_fmr,
    at_fpir,
    confused_at_tau,
    group_tables,
    headlines,
    sizes_at_tau,
)
from training.services.reports import read_figures


@dataclass(frozen=True, slots=True)
class Comparison:
    """Verification against one kind of reference.

    Attributes:
        key: `person` or `photo`.
        label: of a button.
        words: what a face is compared with.
    """

    key: str
    label: str
    words: str
    verification: Verification
    rows: list[Row]
    charts: list[Chart]


@dataclass(frozen=True, slots=True)
class Sections:
    """What there is to show.

    Attributes:
        confused: pairs of people within verification's tau; None without one.
    """

    figures: Figures
    headlines: list[Headline]
    comparisons: list[Comparison]
    recognition: list[Row]
    recognition_charts: list[Chart]
    sizes: list[SizeRow]
    groups: list[GroupTable]
    confused: int | None
    probabilities: list[Probability]


def sections_of(report: EvaluationReport) -> Sections:
    """Return a report as tables, charts and sentences.

    Raises:
        ConflictError: another version of Facet made its figures.
    """
    figures = read_figures(report)
    person, photo = figures.person, figures.photo
    return Sections(
        figures=figures,
        headlines=headlines(figures),
        comparisons=[
            Comparison(
                key="person",
                label="With a person",
                words="a person's template: the mean of all enrolled photos of the person, without its own",
                verification=person,
                rows=at_fmr(person),
                charts=verification_charts(figures, person, key="person", whom="a person"),
            ),
            Comparison(
                key="photo",
                label="With a single photo",
                words="one other photo",
                verification=photo,
                rows=at_fmr(photo),
                charts=verification_charts(figures, photo, key="photo", whom="a single photo"),
            ),
        ],
        recognition=at_fpir(figures),
        recognition_charts=recognition_charts(figures),
        sizes=sizes_at_tau(figures),
        groups=group_tables(figures),
        confused=confused_at_tau(figures),
        probabilities=probabilities(classifiers_of(report)),
    )
