"""The service: subscriptions, health, and the live release. The only place where Starlette is imported."""
