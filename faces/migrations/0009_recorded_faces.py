"""What a recognition answered is an object, as what other searches answered is: it tells more than its faces."""

from django.db import migrations

INTO_OBJECT = """
    UPDATE faces_searchevent SET answer = jsonb_build_object('faces', answer) WHERE jsonb_typeof(answer) = 'array'
"""
BACK = "UPDATE faces_searchevent SET answer = answer -> 'faces' WHERE use = 'recognition'"


class Migration(migrations.Migration):
    dependencies = [("faces", "0008_decisions")]

    operations = [migrations.RunSQL(INTO_OBJECT, BACK)]
