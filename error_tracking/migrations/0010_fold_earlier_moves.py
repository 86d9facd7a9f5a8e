from django.db import migrations
from django.utils import timezone


def mark_moved(apps, schema_editor):
    """What moved before its time was kept is folded like what moves now."""
    Fingerprint = apps.get_model("error_tracking", "Fingerprint")
    Fingerprint.objects.filter(version__gt=0).update(moved_at=timezone.now())


class Migration(migrations.Migration):
    dependencies = [("error_tracking", "0009_fingerprint_moved_at")]

    operations = [migrations.RunPython(mark_moved, migrations.RunPython.noop)]
