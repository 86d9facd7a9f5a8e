from django.apps import AppConfig


class PostHogCloneConfig(AppConfig):
    name = "posthog_clone"
