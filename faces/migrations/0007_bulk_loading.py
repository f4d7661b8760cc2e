"""A million embeddings at once: checked and made into templates as sets, in one statement, while nobody moves a face.

The foreign keys stay for everybody. PostgreSQL checks them row by row, which takes longer than all else in a load; a
session that may (`session_replication_role = replica`, the loader's way) is spared that, and the triggers here check
the same at once for the whole statement. They fire in every session: no loader can forget them.
"""

from importlib import import_module

from django.db import migrations

INTEGRITY = import_module("faces.migrations.0002_integrity")
TEMPLATES = import_module("faces.migrations.0004_templates")

# Held shared by whoever writes embeddings or changes faces, exclusively by a load, until the end of the transaction.
# Taken before anything else is locked, so that nobody waits in a circle; a reader never takes it.
HOLD_STILL = """
CREATE FUNCTION faces_lock_for_load() RETURNS void LANGUAGE sql AS $$
    SELECT pg_advisory_xact_lock(hashtextextended('facet: faces hold still', 0));
$$;
CREATE FUNCTION faces_hold_still() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('session_replication_role') = 'replica' THEN
        PERFORM faces_lock_for_load();
    ELSE
        PERFORM pg_advisory_xact_lock_shared(hashtextextended('facet: faces hold still', 0));
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER faces_hold_still BEFORE UPDATE OR DELETE ON faces_face
    FOR EACH STATEMENT EXECUTE FUNCTION faces_hold_still();
CREATE TRIGGER faces_hold_still BEFORE INSERT OR UPDATE OR DELETE ON faces_embedding
    FOR EACH STATEMENT EXECUTE FUNCTION faces_hold_still();
"""
HOLD_STILL_BACK = """
DROP FUNCTION faces_hold_still() CASCADE;
DROP FUNCTION faces_lock_for_load();
"""

# One pass over the new rows, which in a load are on disk.
CHECK_NEW_EMBEDDINGS = """
CREATE OR REPLACE FUNCTION faces_check_new_embeddings() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    without_version bool;
    without_face bool;
    of_other_dimension bool;
    unlike_face bool;
BEGIN
    PERFORM 1 FROM faces_encoderversion WHERE id IN (SELECT encoder_version_id FROM new_rows) FOR KEY SHARE;
    SELECT bool_or(v.id IS NULL), bool_or(f.id IS NULL), bool_or(vector_dims(n.vector) <> v.dimension),
        bool_or(n.person_id IS DISTINCT FROM f.person_id OR n.is_enrolled IS DISTINCT FROM f.is_enrolled)
    INTO without_version, without_face, of_other_dimension, unlike_face
    FROM new_rows n
        LEFT JOIN faces_encoderversion v ON v.id = n.encoder_version_id
        LEFT JOIN faces_face f ON f.id = n.face_id AND f.gallery_id = n.gallery_id;
    IF without_version THEN
        RAISE EXCEPTION 'an embedding has no encoder version'
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'embedding_encoder_version';
    END IF;
    IF without_face THEN
        RAISE EXCEPTION 'an embedding has no face in its gallery, which violates "embedding_face_of_gallery"'
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'embedding_face_of_gallery';
    END IF;
    IF of_other_dimension THEN
        RAISE EXCEPTION 'an embedding has another dimension than its encoder version'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'embedding_dimension_of_version';
    END IF;
    IF unlike_face THEN
        RAISE EXCEPTION 'an embedding does not carry the person and enrollment of its face'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'embedding_follows_face';
    END IF;
    RETURN NULL;
END $$;
"""

# As before, of some encoder versions only: embeddings by a candidate leave the templates of the serving version, and
# with them its index, as they are. A lone face is its person's template as it is.
TEMPLATES_OF = """
CREATE FUNCTION faces_templates_of(people bigint[], versions bigint[])
RETURNS TABLE (gallery_id bigint, person_id bigint, encoder_version_id bigint, faces int, left_out int, vector halfvec)
LANGUAGE sql STABLE AS $$
    WITH enrolled AS (
        SELECT e.gallery_id, e.person_id, e.encoder_version_id, e.face_id, e.vector, count(*) OVER of_person AS faces
        FROM unnest(people) AS p (id) JOIN faces_embedding e ON e.person_id = p.id
        WHERE e.encoder_version_id + 0 = ANY (versions) AND e.is_enrolled
        WINDOW of_person AS (PARTITION BY e.person_id, e.encoder_version_id)
    ), several AS (
        SELECT e.gallery_id, e.person_id, e.encoder_version_id, e.face_id, e.vector::vector AS vector,
            greatest(f.quality, 0.05)::real AS weight, e.faces
        FROM enrolled e JOIN faces_face f ON f.id = e.face_id
        WHERE e.faces > 1
    ), centered AS (
        SELECT *, vector <-> avg(vector) OVER of_person AS distance
        FROM several WHERE faces > 2
        WINDOW of_person AS (PARTITION BY person_id, encoder_version_id)
    ), ranked AS (
        SELECT *, row_number() OVER of_person <= faces / 2 + 1 AS is_core
        FROM centered
        WINDOW of_person AS (PARTITION BY person_id, encoder_version_id ORDER BY distance, face_id)
    ), measured AS (
        SELECT gallery_id, person_id, encoder_version_id, face_id, vector, weight, faces, is_core,
            (vector <-> avg(vector) FILTER (WHERE is_core) OVER of_person) ^ 2
                * CASE WHEN is_core THEN ((faces / 2 + 1) / (faces / 2)::float8) ^ 2 ELSE 1 END AS distance
        FROM ranked
        WINDOW of_person AS (PARTITION BY person_id, encoder_version_id)
    ), judged AS (
        SELECT *, is_core
            OR distance <= greatest(2.5 * nth_value(distance, ((faces + 1) / 2)::int) OVER of_person, 0.12) AS is_kept
        FROM measured
        WINDOW of_person AS (
            PARTITION BY person_id, encoder_version_id ORDER BY distance
            ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
        )
    ), weighed AS (
        SELECT gallery_id, person_id, encoder_version_id, vector, weight, is_kept FROM judged
        UNION ALL
        SELECT gallery_id, person_id, encoder_version_id, vector, weight, true FROM several WHERE faces = 2
    )
    SELECT gallery_id, person_id, encoder_version_id,
        count(*) FILTER (WHERE is_kept)::int, count(*) FILTER (WHERE NOT is_kept)::int,
        l2_normalize(
            avg(vector * array_fill(weight, ARRAY[vector_dims(vector)])::vector) FILTER (WHERE is_kept)
        )::halfvec
    FROM weighed GROUP BY gallery_id, person_id, encoder_version_id
    UNION ALL
    SELECT gallery_id, person_id, encoder_version_id, 1, 0, vector FROM enrolled WHERE faces = 1
$$;
"""

# A load holds everybody else off already; who else renews templates locks the people, in one order. Portions, because
# what is sorted should not fill the disk.
RENEW_TEMPLATES = """
CREATE FUNCTION faces_renew_templates(people bigint[], versions bigint[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    size CONSTANT int := 100000;
    portion bigint[];
BEGIN
    IF current_setting('session_replication_role') <> 'replica' THEN
        PERFORM 1 FROM faces_person WHERE id = ANY (people) ORDER BY id FOR NO KEY UPDATE;
    END IF;
    FOR start IN 1 .. coalesce(cardinality(people), 0) BY size LOOP
        portion := people[start : start + size - 1];
        DELETE FROM faces_template WHERE person_id = ANY (portion) AND encoder_version_id + 0 = ANY (versions);
        INSERT INTO faces_template (gallery_id, person_id, encoder_version_id, faces, left_out, vector)
            SELECT t.gallery_id, t.person_id, t.encoder_version_id, t.faces, t.left_out, t.vector
            FROM faces_templates_of(portion, versions) t;
    END LOOP;
END $$;

CREATE OR REPLACE FUNCTION faces_renew_after_insert() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM faces_renew_templates(
        ARRAY(SELECT DISTINCT person_id FROM new_rows WHERE is_enrolled ORDER BY person_id),
        ARRAY(SELECT DISTINCT encoder_version_id FROM new_rows)
    );
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION faces_renew_after_delete() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM faces_renew_templates(
        ARRAY(SELECT DISTINCT person_id FROM old_rows WHERE is_enrolled ORDER BY person_id),
        ARRAY(SELECT DISTINCT encoder_version_id FROM old_rows)
    );
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION faces_renew_after_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM faces_renew_templates(
        ARRAY(
            SELECT person_id FROM old_rows WHERE is_enrolled UNION SELECT person_id FROM new_rows WHERE is_enrolled
            ORDER BY person_id
        ),
        ARRAY(SELECT encoder_version_id FROM old_rows UNION SELECT encoder_version_id FROM new_rows)
    );
    RETURN NULL;
END $$;
DROP FUNCTION faces_renew_templates(bigint[]);
DROP FUNCTION faces_templates_of(bigint[]);
"""
RENEW_TEMPLATES_BACK = f"""
DROP FUNCTION faces_templates_of(bigint[], bigint[]);
DROP FUNCTION faces_renew_templates(bigint[], bigint[]);
{TEMPLATES.TEMPLATES_OF}
{TEMPLATES.RENEW_TEMPLATES.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION").partition("CREATE TRIGGER")[0]}
"""

ALWAYS = "".join(
    f"ALTER TABLE faces_embedding ENABLE {{}} TRIGGER {name};\n"
    for name in (
        "faces_hold_still",
        "faces_check_inserted_embeddings",
        "faces_check_updated_embeddings",
        "faces_renew_after_insert",
        "faces_renew_after_delete",
        "faces_renew_after_update",
    )
)


class Migration(migrations.Migration):
    dependencies = [("faces", "0006_refused_faces")]

    operations = [
        migrations.RunSQL(HOLD_STILL, HOLD_STILL_BACK),
        migrations.RunSQL(
            CHECK_NEW_EMBEDDINGS,
            INTEGRITY.CHECK_NEW_EMBEDDINGS.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION").partition(
                "CREATE TRIGGER"
            )[0],
        ),
        migrations.RunSQL(TEMPLATES_OF, migrations.RunSQL.noop),
        migrations.RunSQL(RENEW_TEMPLATES, RENEW_TEMPLATES_BACK),
        migrations.RunSQL(ALWAYS.replace("{}", "ALWAYS"), ALWAYS.replace("{}", "").replace("  ", " ")),
    ]
