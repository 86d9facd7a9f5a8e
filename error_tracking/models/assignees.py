"""Who something is given to: one user, or everybody of a role."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from projects.models import Role

USER = "user"
ROLE = "role"


class Assignable(models.Model):
    """Has at most one assignee. Who leaves, or a role that is deleted, leaves nobody behind."""

    assigned_user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    assigned_role = models.ForeignKey(
        Role, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=Q(assigned_user=None) | Q(assigned_role=None),
                name="%(class)s_one_assignee",
            )
        ]

    @property
    def assignee(self) -> dict | None:
        """As the API shows it; a user's id is a number everywhere."""
        if self.assigned_user_id is not None:
            return {"id": self.assigned_user_id, "type": USER}
        if self.assigned_role_id is not None:
            return {"id": str(self.assigned_role_id), "type": ROLE}
        return None
