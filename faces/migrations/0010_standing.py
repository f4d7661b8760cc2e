"""How a gallery's searches stand is asked in one call of a function, which keeps its plan."""

from django.db import migrations, models

# Every recognition asks it. As a statement it is planned anew each time, which takes as long as looking through 2,000
# people. Here is decided which classifier is in force, as in `faces.services.probability`: the newest of the gallery,
# even one that says that there is no probability, else the newest for all galleries. Of tau the newest row of the
# gallery and the newest for all galleries are returned; which of the two decides, `faces.services.thresholds` knows.
STANDING = """
CREATE FUNCTION faces_standing(gallery bigint, version bigint)
RETURNS TABLE (
    index_name varchar, index_up_to bigint, lists_searched integer, probe_noise float8,
    classifier_id bigint, is_calibrated boolean, parameters jsonb,
    tau_id bigint, tau_encoder_version_id bigint, tau_gallery_id bigint, tau_use varchar, tau float8,
    error_rate_kind varchar, error_rate float8, gallery_size integer, evidence varchar, reason varchar,
    set_by_id integer, created_at timestamptz
) LANGUAGE plpgsql STABLE ROWS 2 AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT DISTINCT ON (t.gallery_id)
        plan.index_name, plan.index_up_to, plan.lists_searched, plan.probe_noise,
        classifier.id, classifier.is_calibrated, classifier.parameters,
        t.id, t.encoder_version_id, t.gallery_id, t.use, t.tau,
        t.error_rate_kind, t.error_rate, t.gallery_size, t.evidence, t.reason,
        t.set_by_id, t.created_at
    FROM faces_threshold AS t
    LEFT JOIN faces_searchplan AS plan
        ON plan.gallery_id = faces_standing.gallery AND plan.encoder_version_id = faces_standing.version
    LEFT JOIN LATERAL (
        SELECT c.id, c.is_calibrated, c.parameters FROM faces_pairclassifier AS c
        WHERE c.encoder_version_id = faces_standing.version AND c.compares = 'search'
            AND (c.gallery_id = faces_standing.gallery OR c.gallery_id IS NULL)
        ORDER BY c.gallery_id NULLS LAST, c.id DESC LIMIT 1
    ) AS classifier ON TRUE
    WHERE t.encoder_version_id = faces_standing.version AND t.use = 'recognition'
        AND (t.gallery_id = faces_standing.gallery OR t.gallery_id IS NULL)
    ORDER BY t.gallery_id, t.created_at DESC, t.id DESC;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("faces", "0009_recorded_faces")]

    operations = [
        migrations.RunSQL(STANDING, "DROP FUNCTION faces_standing(bigint, bigint)"),
        migrations.AddConstraint(
            model_name="pairclassifier",
            constraint=models.CheckConstraint(
                condition=models.Q(("is_calibrated", False), models.Q(("parameters", {}), _negated=True), _connector="OR"),
                name="pair_classifier_calibrated_by_parameters",
            ),
        ),
    ]
