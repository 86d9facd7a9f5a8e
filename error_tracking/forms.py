"""What a person can do on the admin's page of an issue."""

import re
from typing import Any
from uuid import UUID

from django import forms
from django.http import QueryDict
from rest_framework.exceptions import NotFound
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from error_tracking.assignees import NOBODY
from error_tracking.editing import edit_issue
from error_tracking.merging import merge_issues
from error_tracking.models import Issue
from error_tracking.models.assignees import ROLE, USER
from error_tracking.serializers.issues import SETTABLE_STATUSES
from projects.models import Project, Role, User

MAX_SUGGESTED = 50
SEPARATORS = re.compile(r"[\s,]+")


class StatusForm(forms.Form):
    status = forms.ChoiceField(
        choices=[(status.value, status.label) for status in SETTABLE_STATUSES]
    )


class AssigneeForm(forms.Form):
    assignee = forms.ChoiceField(required=False, widget=UnfoldAdminSelectWidget)

    def __init__(self, *args, issue: Issue, **kwargs):
        chosen = issue.assignee
        initial = {"assignee": f"{chosen['type']}:{chosen['id']}" if chosen else ""}
        super().__init__(*args, initial=initial, **kwargs)
        users = members(issue.project)
        if issue.assigned_user and issue.assigned_user not in users:
            users.append(issue.assigned_user)  # has left, and stays until somebody changes it
        self.users = {f"{USER}:{user.id}": user for user in users}
        self.roles = {f"{ROLE}:{role.id}": role for role in roles(issue.project)}
        self.fields["assignee"].choices = [
            ("", "nobody"),
            *((key, user.get_full_name() or user.email) for key, user in self.users.items()),
            *((key, f"role {role.name}") for key, role in self.roles.items()),
        ]

    def changes(self) -> dict[str, Any]:
        chosen = self.cleaned_data["assignee"]
        return {
            **NOBODY,
            "assigned_user": self.users.get(chosen),
            "assigned_role": self.roles.get(chosen),
        }


class MergeForm(forms.Form):
    ids = forms.CharField(
        label="Issues that are the same",
        widget=UnfoldAdminTextInputWidget(
            attrs={"list": "other-issues", "placeholder": "id, or several", "autocomplete": "off"}
        ),
    )

    def clean_ids(self) -> list[UUID]:
        texts = [text for text in SEPARATORS.split(self.cleaned_data["ids"]) if text]
        try:
            return [UUID(text) for text in texts]
        except ValueError as error:
            raise forms.ValidationError("Ids of issues are needed, such as in the list.") from error


class IssueForms:
    """All of the page; a button sends one of them, by its name in `action`."""

    def __init__(self, issue: Issue, data: QueryDict | None):
        self.issue = issue
        self.action = data.get("action", "") if data is not None else ""
        self.status = StatusForm(data if self.action == "status" else None)
        self.assignee = AssigneeForm(data if self.action == "assign" else None, issue=issue)
        self.merge = MergeForm(data if self.action == "merge" else None)

    def apply(self, by: User) -> str:
        """Do what was sent and tell what was done; nothing when the form says what is wrong."""
        if self.action == "status" and self.status.is_valid():
            edit_issue(self.issue, self.status.cleaned_data, by)
            return f"The issue is {self.issue.get_status_display().lower()}."
        if self.action == "assign" and self.assignee.is_valid():
            edit_issue(self.issue, self.assignee.changes(), by)
            owner = self.issue.assigned_user or self.issue.assigned_role
            return f"The issue is assigned to {owner or 'nobody'}."
        if self.action == "merge" and self.merge.is_valid():
            return self.merged()
        return ""

    def merged(self) -> str:
        try:
            if merge_issues(self.issue, self.merge.cleaned_data["ids"]):
                return "The issues are one now."
            self.merge.add_error("ids", "Another issue than this one is needed.")
        except NotFound:
            self.merge.add_error("ids", "This project has no issue of that id: nothing was merged.")
        return ""

    @property
    def suggested(self) -> list[Issue]:
        """Issues of the project that it may be merged with: the newest others."""
        others = Issue.objects.filter(project=self.issue.project_id).exclude(id=self.issue.id)
        return list(others.order_by("-created_at", "-id")[:MAX_SUGGESTED])


def members(project: Project) -> list[User]:
    users = User.objects.filter(is_active=True, memberships__organization=project.organization_id)
    return list(users.order_by("first_name", "email"))


def roles(project: Project) -> list[Role]:
    return list(Role.objects.filter(organization=project.organization_id).order_by("name"))
