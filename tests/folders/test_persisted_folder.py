from folders.models import PersistedFolder


def test_create(api):
    r = api.post("persisted_folder/", {"type": "pinned", "path": "Weekly"})

    folder = PersistedFolder.objects.get()
    assert r.status_code == 201
    assert r.json() == {
        "id": str(folder.id),
        "type": "pinned",
        "protocol": "products://",
        "path": "Weekly",
        "created_at": folder.created_at.isoformat().replace("+00:00", "Z"),
        "updated_at": folder.updated_at.isoformat().replace("+00:00", "Z"),
    }
