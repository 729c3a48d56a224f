"""A tiny commune for the tests; what is in its content/ is told by the folder's name."""

from pathlib import Path

SITENAME = "Essai"
SITEURL = "https://essai.example"
TIMEZONE = "Europe/Paris"
PUBLISHER = {"name": "Commune d’Essai", "email": "mairie@essai.example"}
CATEGORIES = {
    "alertes": {"name": "Alertes", "kind": "alert", "color": "brick"},
    "actualites": {"name": "Actualités", "kind": "news", "color": "glacier"},
    "agenda": {"name": "Agenda", "kind": "agenda", "color": "sun"},
    "patrimoine": {"name": "Patrimoine", "kind": "discover", "color": "fir"},
}
AREAS = {"bourg": "Le Bourg", "les-granges": "Les Granges"}
THEME = next((str(above / "theme") for above in Path(__file__).resolve().parents if (above / "theme").is_dir()), "theme")
PLUGINS = ["beffroi.site"]
