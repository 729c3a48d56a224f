"""The commune: its name, its categories, its areas. The only Python file, with publishconf.py, that a commune edits."""

SITENAME = "Villard-Bonnot"
SITEURL = "http://localhost:8000"
TIMEZONE = "Europe/Paris"
DEFAULT_LANG = "fr"

PUBLISHER = {
    "name": "Commune de Villard-Bonnot",
    "description": "Les informations de Villard-Bonnot, entre l’Isère et Belledonne.",
    "insee": "38547",
    "email": "mairie@villard-bonnot.example",
    "address": "Mairie, 38190 Villard-Bonnot",
}

# Shown on every page; leave it empty for a real commune.
NOTICE = "Site de démonstration, sans lien officiel avec la commune."

# One folder of content/ each, in the order of the menu.
# kind: news, alert, agenda or discover. color: glacier, brick, sun, fir, gentian or paper.
CATEGORIES = {
    "alertes": {
        "name": "Alertes",
        "kind": "alert",
        "color": "brick",
        "description": "Ce qui presse, et ce qu’il faut faire.",
    },
    "actualites": {
        "name": "Actualités",
        "kind": "news",
        "color": "glacier",
        "description": "La vie de la commune, jour après jour.",
    },
    "agenda": {
        "name": "Agenda",
        "kind": "agenda",
        "color": "sun",
        "description": "Rendez-vous, spectacles, marchés et réunions.",
    },
    "patrimoine": {
        "name": "Patrimoine",
        "kind": "discover",
        "color": "fir",
        "description": "De la houille blanche aux papeteries.",
    },
    "tourisme": {
        "name": "Tourisme",
        "kind": "discover",
        "color": "gentian",
        "description": "Marcher, visiter, se rafraîchir.",
    },
    "economie": {
        "name": "Économie",
        "kind": "discover",
        "color": "paper",
        "description": "Travailler, entreprendre, acheter ici.",
    },
}

# The hamlets and quarters that citizens choose and items name.
AREAS = {
    "lancey": "Lancey",
    "brignoud": "Brignoud",
    "bourg": "Villard-Bonnot bourg",
}

# The street panels, for the preview: lines of so many characters, or pixels of a screen with a browser.
PANELS = {
    "mairie": {"name": "Place de la Mairie", "lines": 8, "columns": 16},
    "gare": {"name": "Gare de Lancey", "lines": 7, "columns": 20},
    "accueil": {"name": "Accueil de la mairie", "width": 1080, "height": 1920},
}

# For `invoke subscribers`, which counts towards 71 % of them; leave 0 for no target.
HOUSEHOLDS = 3100

# Pages listed at the foot of every page, by file name, in this order.
FOOTER = ["la-commune", "contact", "application", "panneaux", "accessibilite", "mentions-legales", "confidentialite"]

# Languages of translations: `houille-blanche.en.md` beside `houille-blanche.md`.
LANGUAGES = {"en": "English", "de": "Deutsch", "it": "Italiano"}

# What the theme cannot know: our own words in these languages.
WORDS = {
    "en": {
        "Les informations de Villard-Bonnot, entre l’Isère et Belledonne.": (
            "News of Villard-Bonnot, between the Isère and Belledonne."
        ),
        "Site de démonstration, sans lien officiel avec la commune.": (
            "Demonstration site, without official link to the town."
        ),
        "Alertes": "Alerts",
        "Actualités": "News",
        "Agenda": "Events",
        "Patrimoine": "Heritage",
        "Tourisme": "Tourism",
        "Économie": "Economy",
    },
    "de": {
        "Les informations de Villard-Bonnot, entre l’Isère et Belledonne.": (
            "Nachrichten aus Villard-Bonnot, zwischen Isère und Belledonne."
        ),
        "Site de démonstration, sans lien officiel avec la commune.": (
            "Vorführung, ohne offizielle Verbindung zur Gemeinde."
        ),
        "Alertes": "Warnungen",
        "Actualités": "Aktuelles",
        "Agenda": "Termine",
        "Patrimoine": "Kulturerbe",
        "Tourisme": "Tourismus",
        "Économie": "Wirtschaft",
    },
    "it": {
        "Les informations de Villard-Bonnot, entre l’Isère et Belledonne.": (
            "Le notizie di Villard-Bonnot, tra l’Isère e Belledonne."
        ),
        "Site de démonstration, sans lien officiel avec la commune.": (
            "Sito dimostrativo, senza legame ufficiale con il Comune."
        ),
        "Alertes": "Allerte",
        "Actualités": "Notizie",
        "Agenda": "Eventi",
        "Patrimoine": "Patrimonio",
        "Tourisme": "Turismo",
        "Économie": "Economia",
    },
}

PATH = "content"
THEME = "theme"
OUTPUT_PATH = "output"
PLUGINS = ["beffroi.site"]
