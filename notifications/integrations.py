"""Connecting accounts, and acting for them."""

from typing import Any

from django.db import transaction
from rest_framework.exceptions import ValidationError

from notifications import secrets
from notifications.models import Integration
from notifications.providers import PROVIDERS, Account, ProviderError, Ticket
from projects.activity import log_activity
from projects.models import Project, User


def connect(project: Project, kind: str, config: dict[str, Any], user: User) -> Integration:
    """Try the account out and keep it; one that is connected already gets the new token.

    Raises ValidationError for `config` when a key is missing or the service refuses.
    """
    provider = PROVIDERS[kind]
    try:
        account = provider.probe(read_config(kind, config))
    except ProviderError as error:
        raise ValidationError({"config": error.detail}) from error
    return keep(project, kind, account, user)


@transaction.atomic
def keep(project: Project, kind: str, account: Account, user: User) -> Integration:
    kept = {
        "display_name": str(account.display_name)[:500],
        "config": account.config,
        "encrypted_secrets": secrets.encrypt(account.secrets),
    }
    integration, is_new = Integration.objects.update_or_create(
        project=project,
        kind=kind,
        account=str(account.id)[:500],
        defaults=kept,
        create_defaults={**kept, "created_by": user},
    )
    log(integration, user, "created" if is_new else "updated")
    return integration


def read_config(kind: str, config: dict[str, Any]) -> dict[str, str]:
    """The keys that the kind takes, as text. Raises ProviderError when one is missing."""
    provider = PROVIDERS[kind]
    known = {
        key: as_text(config[key])
        for key in (*provider.REQUIRED, *provider.OPTIONAL)
        if config.get(key) not in (None, "")
    }
    require(kind, provider.REQUIRED, known)
    for key in provider.URLS:
        if key in known:
            known[key] = known[key].rstrip("/")
    return known


def as_text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ProviderError(f"Config values must be text, not {type(value).__name__}.")
    return str(value).strip()


def require(kind: str, names: tuple[str, ...], given: dict[str, Any]) -> None:
    if missing := [name for name in names if not given.get(name)]:
        raise ProviderError(f"Missing required config fields for {kind}: {', '.join(missing)}.")


def create_ticket(integration: Integration, config: dict[str, Any]) -> Ticket:
    """Create a ticket at the integration's service.

    Raises ValidationError, with the service's own words where it has some, when the kind has no
    tickets, `config` lacks a field, or the service fails.
    """
    provider = PROVIDERS[integration.kind]
    if not hasattr(provider, "create_ticket"):
        raise ValidationError(f"Integrations of kind {integration.kind} have no tickets.")
    fields = {name: as_text(config[name]) for name in provider.TICKET_FIELDS if config.get(name)}
    require(integration.kind, provider.TICKET_FIELDS, fields)
    return provider.create_ticket(integration.config, integration.secrets, fields)


@transaction.atomic
def disconnect(integration: Integration, user: User) -> None:
    """Forget the account. Raises ValidationError while an enabled destination uses it."""
    names = integration.destinations.active().order_by("name").values_list("name", flat=True)
    if names:
        raise ValidationError(
            f"Enabled destinations use this integration: {', '.join(names)}. "
            "Disable them or choose another integration there first."
        )
    log(integration, user, "deleted")
    integration.delete()


def log(integration: Integration, user: User, activity: str) -> None:
    log_activity(
        integration.project,
        user=user,
        scope="Integration",
        item_id=integration.id,
        activity=activity,
        name=integration.display_name,
        type=integration.kind,
    )
