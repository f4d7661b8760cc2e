"""The words of an evaluation report, for whoever reads one far from Facet."""

PRIVACY = "People and faces are called by their ids in the database; there are no names, photos or embeddings in it."

DEFINITIONS = {
    "distance": "The squared Euclidean distance of two faces' unit embeddings, 0 (the same) to 4.",
    "tau": "The threshold: two faces match where their distance is at most tau.",
    "mated": "A comparison or search of the same person: a true claim, or somebody who is in the gallery.",
    "non-mated": "A comparison or search of different people: an impostor, or a stranger to the gallery.",
    "FMR": "False match rate: the share of non-mated comparisons within tau. An impostor is accepted.",
    "FNMR": "False non-match rate: the share of mated comparisons beyond tau. A true claim is refused.",
    "TAR": "True accept rate: 1 - FNMR.",
    "EER": "Equal error rate: where FMR and FNMR are the same.",
    "DET": "Detection error trade-off: the missed over the falsely accepted, on logarithmic axes.",
    "FPIR": "False positive identification rate: the share of non-mated searches that have somebody within tau. It "
    "grows with the number of people in the gallery, which is always named with it.",
    "FNIR": "False negative identification rate: the share of mated searches in which the right person is not found.",
    "rank k": "The right person is among the k nearest.",
    "projected": "Computed for more people than there are, from how near strangers come to those who are here, and how "
    "often somebody else is nearer than the right person; not measured.",
    "95 % interval": "From resampling people, as the errors of one person are alike.",
    "rule of 30": "With errors of at least 30 people the true rate lies within 30 % of the measured one, at 90 % "
    "(Doddington 1998). With fewer there are too few people to say.",
    "probability": "How likely two faces are of one person, if that is as likely as not beforehand; calibrated on "
    "people of this gallery, measured on others of them.",
    "Brier score": "The mean squared difference of a claimed probability from the truth; 0 is best.",
    "log loss": "The mean negative logarithm of what was claimed of the truth; 0 is best.",
    "rule of three": "Where none of n tries was an error, the true rate is at most 3 / n at 95 %.",
}
"""As ISO/IEC 19795-1 has them."""

FIELDS = {
    "figures.format": "Of this layout; raised when a field changes its meaning.",
    "figures.taus": "Ascending; every series over tau runs along it.",
    "figures.tau": "The taus that were in force, by use.",
    "figures.person": "Verification against a person's template: all of the person's photos but the probe's own.",
    "figures.photo": "Verification against single photos.",
    "figures.*.fmr, fnmr, fpir, fnir": "Series over tau: value, low, high (shares of 0 to 1; the 95 % interval), "
    "people who had an error, and how many trials there were.",
    "figures.*.histogram": "Shares of distances; bin i reaches from edges[i] to edges[i + 1].",
    "figures.*.eer, eer_tau": "The equal error rate, and where it lies.",
    "figures.*.at_fmr, at_fpir": "The loosest tau that holds the false rate `asked`; `false` and `missed` are the "
    "rates there. null where no tau holds it.",
    "figures.recognition": "Searches among `size` people.",
    "figures.recognition.ranks": "The share of mated searches with the right person among the first k, from k = 1.",
    "figures.recognition.sizes": "Other numbers of people, `size`: counted for fewer, projected for more "
    "(`is_projected`).",
    "figures.recognition.sizes.fpir, fnir": "Over tau, with so many people.",
    "figures.recognition.sizes.ranks": "The share of mated searches with the right person among the first k, from "
    "k = 1, with so many people.",
    "figures.recognition.sizes.upper": "FPIR if all strangers were equally likely to be mistaken.",
    "figures.groups": "Rates at the taus in force by metadata field, and by quality (field empty); `differences` to "
    "everybody else. Empty where the group is too small to be told of.",
    "figures.confused": "Pairs of people of the gallery within tau, at each of `taus`.",
    "figures.confusions": "The nearest of them: ids of a face, of its person and of the other person.",
    "probabilities": "The pair classifiers that were made with the report, and how good they are on people they were "
    "not made with.",
    "snapshot": "What it was measured on: the state of the gallery, the taus in force, the seed.",
    "report.compared_with, difference": "Of a training run's candidate: its parent, and the candidate's TAR minus the "
    "parent's at the FMR that snapshot.fmr names, with its 95 % interval.",
    "snapshot.comparison": "Of a candidate: `plain` photos as they are, `probes` poor copies among them; TAR and EER "
    "of the parent (before) and of the candidate (after), each at its own tau; `outcome` by the intervals.",
    "changed_pairs": "Of a candidate: pairs of faces, by their ids, whose distance changed most from the parent "
    "(before) to the candidate (after), and those that were hardest for the parent.",
}
"""Of the JSON file."""
