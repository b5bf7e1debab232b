from django.db import migrations

# As they shipped; a clinic that has named other areas keeps them.
SHIPPED = {
    "acne-scars": (["face", "neck", "decolletage", "breast"], ["back"]),
    "stretch-marks": (["abdomen", "thighs", "breast"], ["arms", "back", "knees"]),
}


def name_the_new_areas(apps, schema_editor):
    """Catalogues are never overwritten, so concerns that are there already learn of them here."""
    concerns = apps.get_model("patients", "Concern").objects
    for code, (areas, new) in SHIPPED.items():
        concerns.filter(code=code, areas=areas).update(areas=[*areas, *new])


class Migration(migrations.Migration):
    dependencies = [("patients", "0024_questions_in_each_language")]
    operations = [migrations.RunPython(name_the_new_areas, migrations.RunPython.noop)]
