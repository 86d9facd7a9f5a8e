from django.db import IntegrityError, transaction
from django.db.models.functions import Lower
from rest_framework.exceptions import ValidationError
from rest_framework.viewsets import ModelViewSet

from folders.models import PersistedFolder
from folders.serializers import PersistedFolderSerializer
from projects.viewsets import ProjectViewSet


class PersistedFolderViewSet(ProjectViewSet, ModelViewSet):
    """Where the sidebar keeps a user's home and pinned folders: at most one of each type.

    Creating one of a type that exists replaces its protocol and path.
    """

    scope_object = "persisted_folder"
    queryset = PersistedFolder.objects.order_by(Lower("type"))
    serializer_class = PersistedFolderSerializer

    def get_queryset(self):
        return super().get_queryset().filter(user=self.request.user)

    def perform_create(self, serializer):
        fields = serializer.validated_data
        serializer.instance, _ = PersistedFolder.objects.update_or_create(
            project=self.project,
            user=self.request.user,
            type=fields["type"],
            defaults={
                "protocol": fields.get("protocol", PersistedFolder.DEFAULT_PROTOCOL),
                "path": fields.get("path", ""),
            },
        )

    def perform_update(self, serializer):
        try:
            with transaction.atomic():
                serializer.save()
        except IntegrityError as error:
            message = f"You already have a folder of type {serializer.validated_data['type']}."
            raise ValidationError({"type": message}, code="unique") from error
