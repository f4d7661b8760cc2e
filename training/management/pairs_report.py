"""The report of `evaluate_pairs`, for people and for programs."""

from collections.abc import Iterator
from dataclasses import asdict

from training.services.held_out_outcome import change_words, rates_words
from training.services.pairs_comparison import PairsComparison
from training.services.pairs_evaluation import PairsEvaluation
from training.services.portraits import Portraits


def rate_name(rate: float) -> str:
    """Return 0.001 as 1e-3."""
    mantissa, exponent = f"{rate:e}".split("e")
    return f"{float(mantissa):g}e{int(exponent)}"


def report_lines(evaluation: PairsEvaluation, portraits: Portraits) -> Iterator[str]:
    """Yield the table."""
    accuracy, excluded = evaluation.accuracy, evaluation.compared.excluded
    pairs, every = evaluation.pairs, evaluation.all_pairs
    photos = len(portraits.files)
    without, refused = len(portraits.without_face), len(portraits.refused)
    yield f"Photos           {photos:,} with a face, {without:,} without, {refused:,} refused"
    yield f"                 {portraits.photos_per_second:.1f} photos/s"
    yield f"Pairs            {pairs.mated:,} mated, {pairs.non_mated:,} non-mated, {len(accuracy.accuracies)} folds"
    yield f"                 left out: {excluded.without_face:,} without a face, {excluded.missing:,} not in the folder"
    yield f"Accuracy         {accuracy.mean:.4%} ± {accuracy.std:.4%} (standard error {accuracy.standard_error:.4%})"
    yield f"Best tau         {evaluation.tau:.4f}"
    yield f"EER              {pairs.eer:.4%} at tau {pairs.equal_error().tau:.4f}"
    yield ""
    yield f"All pairs        {every.mated:,} mated, {every.non_mated:,} non-mated; EER {every.eer:.4%}"
    yield "      FMR        tau       TAR"
    for rate, point in evaluation.at_fmrs().items():
        note = "" if rate >= evaluation.smallest_fmr else "  too few comparisons to say"
        values = f"{point.tau:.5f}  {point.tar:8.4%}" if point else "no tau reaches it"
        yield f"   {rate_name(rate):>6}    {values}{note}"
    for file in portraits.without_face:
        yield f"No face found: {file.name}"
    for refusal in portraits.refused:
        yield f"Refused: {refusal.name}: {refusal.detail}"


def report_json(evaluation: PairsEvaluation, portraits: Portraits, *, encoder_version: str) -> dict[str, object]:
    """Return everything as one object; shares are 0 to 1, tau is squared L2; null where no tau reaches an FMR."""
    accuracy, excluded = evaluation.accuracy, evaluation.compared.excluded
    pairs, every = evaluation.pairs, evaluation.all_pairs
    points = evaluation.at_fmrs()
    return {
        "encoder_version": encoder_version,
        "accuracy": accuracy.mean,
        "accuracy_std": accuracy.std,
        "accuracy_standard_error": accuracy.standard_error,
        "fold_accuracies": list(accuracy.accuracies),
        "tau": evaluation.tau,
        "eer": pairs.eer,
        "eer_all_pairs": every.eer,
        **{f"tar_at_fmr_{rate_name(rate)}": point.tar if point else None for rate, point in points.items()},
        **{f"tau_at_fmr_{rate_name(rate)}": point.tau if point else None for rate, point in points.items()},
        "smallest_fmr": evaluation.smallest_fmr,
        "mated_pairs": pairs.mated,
        "non_mated_pairs": pairs.non_mated,
        "pairs_without_face": excluded.without_face,
        "pairs_missing": excluded.missing,
        "all_mated_pairs": every.mated,
        "all_non_mated_pairs": every.non_mated,
        "photos": len(portraits.files),
        "photos_without_face": len(portraits.without_face),
        "photos_refused": len(portraits.refused),
        "people": len({file.person for file in portraits.files}),
        "seconds": portraits.seconds,
        "photos_per_second": portraits.photos_per_second,
    }


def comparison_lines(comparison: PairsComparison, before: str, after: str) -> Iterator[str]:
    """Yield how the second of two versions differs from the first."""
    yield f"{after}, compared with {before}"
    yield f"Accuracy         {rates_words(comparison.accuracy)}; {change_words(comparison.accuracy)}"
    most = f"all photos of the folder, at most {comparison.most_photos} of each person"
    for where, found in (("the pairs of the file", comparison.pairs), (most, comparison.photos)):
        yield f"On {where}: {found.people:,} people with mated pairs"
        tar = f"TAR at FMR {rate_name(found.fmr)}"
        yield f"{tar:<16} {rates_words(found.tar)}; {change_words(found.tar)}"
        yield f"EER              {rates_words(found.eer)}; {change_words(found.eer)}"


def comparison_json(comparison: PairsComparison) -> dict[str, object]:
    """Return the same as one object: rates before and after, `difference` with the limits `low` and `high`."""
    return {
        "accuracy": asdict(comparison.accuracy),
        "pairs": comparison.pairs.as_json() | {"outcome": comparison.pairs.outcome.value},
        "photos": comparison.photos.as_json() | {"outcome": comparison.photos.outcome.value},
        "most_photos_of_a_person": comparison.most_photos,
    }
