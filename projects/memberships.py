"""Changing who belongs to an organization, and how."""

from django.db import transaction
from rest_framework.exceptions import PermissionDenied, ValidationError

from projects.models import MembershipLevel, OrganizationMembership, Project, User

LAST_OWNER = "This is the organization's last owner: make another member owner first."


@transaction.atomic
def change_level(
    membership: OrganizationMembership, level: int, by: OrganizationMembership
) -> None:
    """Raises PermissionDenied unless `by` is above all this, ValidationError for the last owner."""
    if level == membership.level:
        return
    check_owner_stays(membership)
    if membership.pk == by.pk:
        raise PermissionDenied("You can't change your own access level.")
    check_rank(membership, by)
    if level > by.level:
        raise PermissionDenied("You can only give others an access level that you have yourself.")
    membership.level = level
    membership.save(update_fields=["level", "updated_at"])


@transaction.atomic
def remove(membership: OrganizationMembership, by: OrganizationMembership) -> None:
    """End a membership; the user's current project is no longer one of the organization.

    Raises PermissionDenied for a member above `by`, ValidationError for the last owner.
    """
    check_owner_stays(membership)
    check_rank(membership, by)
    gone = membership.organization_id
    user = User.objects.select_for_update().get(pk=membership.user_id)
    membership.delete()
    if user.current_organization_id == gone:
        left = user.memberships.order_by("joined_at", "id").first()
        user.current_organization_id = left and left.organization_id
    if Project.objects.filter(pk=user.current_project_id, organization=gone).exists():
        projects = Project.objects.filter(organization=user.current_organization_id)
        user.current_project = projects.order_by("created_at", "id").first()
    user.save(update_fields=["current_organization", "current_project"])


def check_owner_stays(membership: OrganizationMembership) -> None:
    """Holds the owners' rows, so that two owners can't leave at once."""
    if membership.level != MembershipLevel.OWNER:
        return
    owners = OrganizationMembership.objects.select_for_update().filter(
        organization=membership.organization_id, level=MembershipLevel.OWNER
    )
    if len(owners) == 1:
        raise ValidationError(LAST_OWNER)


def check_rank(membership: OrganizationMembership, by: OrganizationMembership) -> None:
    if membership.level > by.level:
        raise PermissionDenied("You can't change a member whose access level is above yours.")
