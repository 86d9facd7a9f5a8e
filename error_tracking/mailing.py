"""E-mails about issues: to whom they are assigned, and to members who want to hear of new, reopened
and spiking ones. What each user gets is in their notification settings."""

from collections.abc import Iterable, Sequence
from itertools import groupby

from django.db.models import Q, QuerySet
from django.utils import timezone
from uuid_utils.compat import uuid7

from error_tracking.alerting import issue_url
from error_tracking.linking import IssueChange
from error_tracking.models import Issue, SpikeEvent
from notifications import mail
from projects.models import OrganizationMembership, Project, User

MAX_LISTED = 50
ASSIGNED = "error_tracking_issue_assigned"
SPIKING = "error_tracking_issue_spiking"
SETTING_OF = {
    IssueChange.Kind.CREATED: "error_tracking_issue_created",
    IssueChange.Kind.REOPENED: "error_tracking_issue_reopened",
}
TITLES = {
    IssueChange.Kind.CREATED: ("New issue", "new issues"),
    IssueChange.Kind.REOPENED: ("Reopened issue", "reopened issues"),
}


def mail_assignee(issues: Sequence[Issue], by: User | None = None) -> None:
    """Tell whom these issues, which all went to one assignee, were assigned to.

    Call it in the transaction that does so. Without `by`, a rule did.
    """
    if not issues or issues[0].assignee is None:
        return
    what = issues[0].name or "an issue" if len(issues) == 1 else f"{len(issues)} issues"
    who = (by.get_full_name() or by.email) if by else "A rule"
    role = issues[0].assigned_role
    whom = f"your role {role.name}" if role else "you"
    send(
        [user for user in assignees_of(issues[0]) if mail.wants(user, ASSIGNED)],
        key=f"issues-assigned:{uuid7()}",
        subject=f"{who} assigned {what} to {whom}",
        issues=issues,
    )


def assignees_of(issue: Issue) -> QuerySet[User]:
    """The user, or everybody of the role; not who has left the organization since."""
    users = User.objects.filter(memberships__organization=issue.project.organization_id)
    if issue.assigned_role_id:
        users = users.filter(memberships__role_memberships__role=issue.assigned_role_id)
    else:
        users = users.filter(id=issue.assigned_user_id)
    return users.order_by("id").distinct()


def mail_assigned_by_rules(issues: Iterable[Issue]) -> None:
    """One e-mail for each assignee and project; call it in the transaction that assigns."""

    def key(issue: Issue) -> tuple[int, str]:
        return issue.project_id, str(issue.assignee)

    issues = sorted(issues, key=key)
    projects = Project.objects.in_bulk({issue.project_id for issue in issues}) if issues else {}
    for _, group in groupby(issues, key):
        assigned = list(group)
        for issue in assigned:
            issue.project = projects[issue.project_id]
        mail_assignee(assigned)


def mail_subscribers(changes: Sequence[IssueChange]) -> None:
    """Tell of new and reopened issues those who want it, with one mail a minute of each kind.

    Call it in the transaction that changes them. Where nobody wants it, it costs one query.
    """
    members = subscribers({change.event.project_id for change in changes}, SETTING_OF.values())
    if not members:
        return
    now = timezone.now()
    projects = Project.objects.in_bulk({change.event.project_id for change in changes})
    issues = Issue.objects.in_bulk({change.issue_id for change in changes})

    def key(change: IssueChange) -> tuple[int, str]:
        return change.event.project_id, change.kind

    for (project_id, kind), group in groupby(sorted(changes, key=key), key):
        project, told = projects[project_id], list(group)
        one, several = TITLES[kind]
        named = issues[told[0].issue_id].name or "without a name"
        what = f"{one}: {named}" if len(told) == 1 else f"{len(told)} {several}"
        setting = SETTING_OF[kind]
        text = text_of([with_project(issues[change.issue_id], project) for change in told])
        for user in members_of(project, members):
            if mail.wants(user, setting):
                mail.gather(
                    topic=f"{setting}:{project.id}",
                    recipient=user.email,
                    subject=f"{what} in {project.name}",
                    subject_of_many=f"Several {several} in {project.name}",
                    text=text,
                    now=now,
                )


def mail_of_spike(spike: SpikeEvent) -> None:
    """Tell of a spike those who want it; call it in the transaction that records it."""
    issue = spike.issue
    members = subscribers({issue.project_id}, [SPIKING])
    send(
        [membership.user for membership in members],
        key=f"{SPIKING}:{spike.id}",
        subject=f"Spiking issue: {issue.name or 'without a name'} in {issue.project.name}",
        issues=[issue],
        more=f"{spike.current_bucket_value:g} times in five minutes; "
        f"{spike.computed_baseline:.1f} before that.\n",
    )


def subscribers(project_ids: set[int], settings: Iterable[str]) -> list[OrganizationMembership]:
    """Members of the projects' organizations who have switched one of these on."""
    wanted = Q()
    for setting in settings:
        wanted |= Q(**{f"user__preferences__{mail.PREFERENCES}__{setting}": True})
    rows = OrganizationMembership.objects.filter(
        wanted, user__is_active=True, organization__projects__in=project_ids
    )
    return list(rows.select_related("user").order_by("user").distinct())


def members_of(project: Project, members: Iterable[OrganizationMembership]) -> list[User]:
    return [each.user for each in members if each.organization_id == project.organization_id]


def with_project(issue: Issue, project: Project) -> Issue:
    issue.project = project
    return issue


def send(
    users: Iterable[User], key: str, subject: str, issues: Sequence[Issue], more: str = ""
) -> None:
    text = text_of(issues, more)
    for user in users:
        mail.send_once(key=key, recipient=user.email, subject=subject, text=text)


def text_of(issues: Sequence[Issue], more: str = "") -> str:
    shown = [
        f"{issue.name or 'Unnamed issue'}\n{issue.description or ''}\n"
        f"{more}{issue_url(issue.project, issue.id)}\n"
        for issue in issues[:MAX_LISTED]
    ]
    if len(issues) > MAX_LISTED:
        shown.append(f"and {len(issues) - MAX_LISTED} more")
    return "\n".join(shown)
