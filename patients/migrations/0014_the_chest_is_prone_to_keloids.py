from django.db import migrations

CHEST = ["decolletage", "breast"]


def mark_the_chest(apps, schema_editor):
    """Catalogues are never overwritten, so zones that are there already are marked here."""
    apps.get_model("patients", "Zone").objects.filter(code__in=CHEST).update(keloid_prone=True)


class Migration(migrations.Migration):
    dependencies = [("patients", "0013_what_counts_for_an_area")]
    operations = [migrations.RunPython(mark_the_chest, migrations.RunPython.noop)]
