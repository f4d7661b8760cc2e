"""Templates follow the embeddings they are made of; rows stay within their gallery.

Whatever writes embeddings, the database renews the templates of the people concerned, in the same transaction.
"""

from django.db import migrations

# Statement by statement instead of row by row: a merge moves a thousand faces with one renewal of two templates.
CARRY_FACES_OVER = """
DROP TRIGGER faces_carry_face_over ON faces_face;
DROP FUNCTION faces_carry_face_over();
CREATE FUNCTION faces_carry_faces_over() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE faces_embedding AS e SET person_id = n.person_id, is_enrolled = n.is_enrolled
    FROM new_rows n JOIN old_rows o ON o.id = n.id
    WHERE e.face_id = n.id
        AND (o.person_id IS DISTINCT FROM n.person_id OR o.is_enrolled IS DISTINCT FROM n.is_enrolled);
    RETURN NULL;
END $$;
CREATE TRIGGER faces_carry_faces_over AFTER UPDATE ON faces_face
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT
    EXECUTE FUNCTION faces_carry_faces_over();
"""
CARRY_FACES_OVER_BACK = """
DROP FUNCTION faces_carry_faces_over() CASCADE;
CREATE FUNCTION faces_carry_face_over() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE faces_embedding SET person_id = NEW.person_id, is_enrolled = NEW.is_enrolled WHERE face_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER faces_carry_face_over AFTER UPDATE OF person_id, is_enrolled ON faces_face FOR EACH ROW
    WHEN (OLD.person_id IS DISTINCT FROM NEW.person_id OR OLD.is_enrolled IS DISTINCT FROM NEW.is_enrolled)
    EXECUTE FUNCTION faces_carry_face_over();
"""

# A face that gets a name is no longer part of a proposal.
NAMED_FACES = """
CREATE FUNCTION faces_name_ends_proposal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.probable_person_id := NULL;
    RETURN NEW;
END $$;
CREATE TRIGGER faces_name_ends_proposal BEFORE UPDATE OF person_id ON faces_face FOR EACH ROW
    WHEN (NEW.person_id IS NOT NULL AND NEW.probable_person_id IS NOT NULL)
    EXECUTE FUNCTION faces_name_ends_proposal();
"""

# The definition, with its reasons and in numpy: encoder.templates. `<->` is the plain L2 distance, so it is squared.
TEMPLATES_OF = """
CREATE FUNCTION faces_templates_of(people bigint[])
RETURNS TABLE (gallery_id bigint, person_id bigint, encoder_version_id bigint, faces int, left_out int, vector halfvec)
LANGUAGE sql STABLE AS $$
    WITH enrolled AS (
        SELECT e.gallery_id, e.person_id, e.encoder_version_id, e.face_id, e.vector::vector AS vector,
            greatest(f.quality, 0.05)::real AS weight, count(*) OVER of_person AS faces
        FROM faces_embedding e JOIN faces_face f ON f.id = e.face_id
        WHERE e.person_id = ANY (people) AND e.is_enrolled
        WINDOW of_person AS (PARTITION BY e.person_id, e.encoder_version_id)
    ), centered AS (
        SELECT *, vector <-> avg(vector) OVER of_person AS distance
        FROM enrolled WHERE faces >= 3
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
        SELECT gallery_id, person_id, encoder_version_id, vector, weight, true FROM enrolled WHERE faces < 3
    )
    SELECT gallery_id, person_id, encoder_version_id,
        count(*) FILTER (WHERE is_kept)::int, count(*) FILTER (WHERE NOT is_kept)::int,
        l2_normalize(
            avg(vector * array_fill(weight, ARRAY[vector_dims(vector)])::vector) FILTER (WHERE is_kept)
        )::halfvec
    FROM weighed GROUP BY gallery_id, person_id, encoder_version_id
$$;
"""

# The people are locked, in one order: of two transactions that add a face to one person, the later one sees both.
RENEW_TEMPLATES = """
CREATE FUNCTION faces_renew_templates(people bigint[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF coalesce(cardinality(people), 0) = 0 THEN
        RETURN;
    END IF;
    PERFORM 1 FROM faces_person WHERE id = ANY (people) ORDER BY id FOR NO KEY UPDATE;
    DELETE FROM faces_template WHERE person_id = ANY (people);
    INSERT INTO faces_template (gallery_id, person_id, encoder_version_id, faces, left_out, vector)
        SELECT t.gallery_id, t.person_id, t.encoder_version_id, t.faces, t.left_out, t.vector
        FROM faces_templates_of(people) t;
END $$;

CREATE FUNCTION faces_renew_after_insert() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM faces_renew_templates(ARRAY(SELECT DISTINCT person_id FROM new_rows WHERE is_enrolled));
    RETURN NULL;
END $$;
CREATE FUNCTION faces_renew_after_delete() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM faces_renew_templates(ARRAY(SELECT DISTINCT person_id FROM old_rows WHERE is_enrolled));
    RETURN NULL;
END $$;
CREATE FUNCTION faces_renew_after_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM faces_renew_templates(ARRAY(
        SELECT person_id FROM old_rows WHERE is_enrolled UNION SELECT person_id FROM new_rows WHERE is_enrolled
    ));
    RETURN NULL;
END $$;
CREATE TRIGGER faces_renew_after_insert AFTER INSERT ON faces_embedding
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION faces_renew_after_insert();
CREATE TRIGGER faces_renew_after_delete AFTER DELETE ON faces_embedding
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION faces_renew_after_delete();
CREATE TRIGGER faces_renew_after_update AFTER UPDATE ON faces_embedding
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT
    EXECUTE FUNCTION faces_renew_after_update();
"""
RENEW_TEMPLATES_BACK = """
DROP FUNCTION faces_renew_after_insert() CASCADE;
DROP FUNCTION faces_renew_after_delete() CASCADE;
DROP FUNCTION faces_renew_after_update() CASCADE;
DROP FUNCTION faces_renew_templates(bigint[]);
"""

# Of a person: the enrolled face nearest to a probe, its photo, and the name.
SHOWN = """
CREATE FUNCTION faces_shown(
    person bigint, version bigint, probe halfvec, OUT face_id bigint, OUT gallery_id bigint, OUT photo_id bigint,
    OUT photo_key uuid, OUT photo_name text, OUT person_name text, OUT external_id text
) LANGUAGE plpgsql STABLE AS $$
BEGIN
    SELECT e.face_id INTO face_id FROM faces_embedding e
        WHERE e.person_id = person AND e.encoder_version_id = version AND e.is_enrolled
        ORDER BY e.vector <-> probe, e.face_id LIMIT 1;
    SELECT photo.id, photo.key, photo.name INTO photo_id, photo_key, photo_name
        FROM faces_face face JOIN faces_photo photo ON photo.id = face.photo_id WHERE face.id = faces_shown.face_id;
    SELECT p.gallery_id, p.name, p.external_id INTO gallery_id, person_name, external_id
        FROM faces_person p WHERE p.id = person;
END $$;
"""

PRESENT_TEMPLATES = "SELECT faces_renew_templates(ARRAY(SELECT id FROM faces_person))"


def composite_key(table: str, name: str, columns: str, target: str, action: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY ({columns}) "
        f"REFERENCES {target} (gallery_id, id) {action} DEFERRABLE INITIALLY DEFERRED",
        f"ALTER TABLE {table} DROP CONSTRAINT {name}",
    )


class Migration(migrations.Migration):
    dependencies = [("faces", "0003_search")]

    operations = [
        composite_key(
            "faces_template", "template_person_of_gallery", "gallery_id, person_id", "faces_person", "ON DELETE CASCADE"
        ),
        composite_key(
            "faces_face",
            "face_probable_person_of_gallery",
            "gallery_id, probable_person_id",
            "faces_probableperson",
            "ON DELETE SET NULL (probable_person_id)",
        ),
        migrations.RunSQL(CARRY_FACES_OVER, CARRY_FACES_OVER_BACK),
        migrations.RunSQL(NAMED_FACES, "DROP FUNCTION faces_name_ends_proposal() CASCADE"),
        migrations.RunSQL(TEMPLATES_OF, "DROP FUNCTION faces_templates_of(bigint[])"),
        migrations.RunSQL(RENEW_TEMPLATES, RENEW_TEMPLATES_BACK),
        migrations.RunSQL(SHOWN, "DROP FUNCTION faces_shown(bigint, bigint, halfvec)"),
        migrations.RunSQL(PRESENT_TEMPLATES, migrations.RunSQL.noop),
    ]
