"""What constraints of a single table cannot say: rows stay within their gallery, embeddings follow their faces."""

from django.db import migrations

COMPOSITE_KEYS = [
    # table, name, columns, target table
    ("faces_photo", "photo_portrait_of_gallery", "gallery_id, portrait_of_id", "faces_person", ""),
    ("faces_face", "face_photo_of_gallery", "gallery_id, photo_id", "faces_photo", "ON DELETE CASCADE"),
    ("faces_face", "face_person_of_gallery", "gallery_id, person_id", "faces_person", ""),
    (
        "faces_embedding",
        "embedding_face_of_gallery",
        "gallery_id, face_id",
        "faces_face",
        "ON DELETE CASCADE",
    ),
    ("faces_person", "person_merged_within_gallery", "gallery_id, merged_into_id", "faces_person", ""),
]

CHECK_NEW_EMBEDDINGS = """
CREATE FUNCTION faces_check_new_embeddings() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- set-based, once a statement, so that a bulk load is checked as well as a single row
    IF EXISTS (
        SELECT 1 FROM new_rows n JOIN faces_encoderversion v ON v.id = n.encoder_version_id
        WHERE vector_dims(n.vector) <> v.dimension
    ) THEN
        RAISE EXCEPTION 'an embedding has another dimension than its encoder version'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'embedding_dimension_of_version';
    END IF;
    IF EXISTS (
        SELECT 1 FROM new_rows n JOIN faces_face f ON f.id = n.face_id
        WHERE n.person_id IS DISTINCT FROM f.person_id OR n.is_enrolled IS DISTINCT FROM f.is_enrolled
    ) THEN
        RAISE EXCEPTION 'an embedding does not carry the person and enrollment of its face'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'embedding_follows_face';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER faces_check_inserted_embeddings AFTER INSERT ON faces_embedding
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION faces_check_new_embeddings();
CREATE TRIGGER faces_check_updated_embeddings AFTER UPDATE ON faces_embedding
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION faces_check_new_embeddings();
"""

CARRY_FACE_OVER = """
CREATE FUNCTION faces_carry_face_over() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE faces_embedding SET person_id = NEW.person_id, is_enrolled = NEW.is_enrolled WHERE face_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER faces_carry_face_over AFTER UPDATE OF person_id, is_enrolled ON faces_face FOR EACH ROW
    WHEN (OLD.person_id IS DISTINCT FROM NEW.person_id OR OLD.is_enrolled IS DISTINCT FROM NEW.is_enrolled)
    EXECUTE FUNCTION faces_carry_face_over();
"""

UNIT_LENGTH = """
ALTER TABLE faces_embedding ADD CONSTRAINT embedding_has_unit_length CHECK (abs(l2_norm(vector) - 1) < 0.01);
"""


def composite_key(table: str, name: str, columns: str, target: str, action: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY ({columns}) "
        f"REFERENCES {target} (gallery_id, id) {action} DEFERRABLE INITIALLY DEFERRED",
        f"ALTER TABLE {table} DROP CONSTRAINT {name}",
    )


class Migration(migrations.Migration):
    dependencies = [("faces", "0001_initial")]

    operations = [
        *(composite_key(*key) for key in COMPOSITE_KEYS),
        migrations.RunSQL(UNIT_LENGTH, "ALTER TABLE faces_embedding DROP CONSTRAINT embedding_has_unit_length"),
        migrations.RunSQL(CHECK_NEW_EMBEDDINGS, "DROP FUNCTION faces_check_new_embeddings CASCADE"),
        migrations.RunSQL(CARRY_FACE_OVER, "DROP FUNCTION faces_carry_face_over CASCADE"),
    ]
