"""What constraints of a single table cannot say: the faces of a question belong to its gallery."""

from django.db import migrations

KEYS = [
    ("review_item_first_face_of_gallery", "gallery_id, first_face_id"),
    ("review_item_second_face_of_gallery", "gallery_id, second_face_id"),
]


def composite_key(name: str, columns: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"ALTER TABLE training_reviewitem ADD CONSTRAINT {name} FOREIGN KEY ({columns}) "
        "REFERENCES faces_face (gallery_id, id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED",
        f"ALTER TABLE training_reviewitem DROP CONSTRAINT {name}",
    )


class Migration(migrations.Migration):
    dependencies = [("training", "0001_initial"), ("faces", "0002_integrity")]

    operations = [composite_key(*key) for key in KEYS]
