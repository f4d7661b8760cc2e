from django.db import migrations, models


def cascading_key(name: str, column: str, target: str) -> migrations.RunSQL:
    table = "faces_probableperson_refused"
    return migrations.RunSQL(
        f"ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY ({column}) "
        f"REFERENCES {target} (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED",
        f"ALTER TABLE {table} DROP CONSTRAINT {name}",
    )


class Migration(migrations.Migration):
    dependencies = [("faces", "0005_similar")]

    operations = [
        migrations.AddField(
            model_name="probableperson",
            name="refused",
            field=models.ManyToManyField(
                blank=True,
                db_constraint=False,
                help_text="Faces that an admin took out of it; no grouping puts them back.",
                related_name="refused_by",
                to="faces.face",
            ),
        ),
        cascading_key("refused_by_probable_person", "probableperson_id", "faces_probableperson"),
        cascading_key("refused_face", "face_id", "faces_face"),
    ]
