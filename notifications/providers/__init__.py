"""The services that integrations connect to: a module each, all with the same names.

NAME; REQUIRED and OPTIONAL keys of the configuration that a user enters, and which of them are
URLS; `probe` tries it out and tells the account; services with tickets have TICKET_FIELDS and
`create_ticket`.
"""

from notifications.providers import github, gitlab, jira, linear, slack
from notifications.providers.calling import Account, ProviderError, Ticket

PROVIDERS = {"github": github, "gitlab": gitlab, "linear": linear, "jira": jira, "slack": slack}

__all__ = ["PROVIDERS", "Account", "ProviderError", "Ticket"]
