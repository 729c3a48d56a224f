"""What invoke cannot make of a command, in French: its own sentences are in English."""

from __future__ import annotations

import re

SAID = (
    (r"No idea what ['\"](?P<word>.*)['\"] is!", "« {word} » n’est ni une tâche ni une option d’ici ; voyez : {help}"),
    (
        r"'(?P<task>[^']*)' did not receive required positional arguments: (?P<names>.*)",
        "Il manque à « {task} » : {names} ; voyez : {help}",
    ),
    (
        r"Flag <Argument: (?P<name>[^ >]+).*> needed value and was not given one!",
        "L’option --{name} demande une valeur ; voyez : {help}",
    ),
    (
        r"Flag <Argument: (?P<name>[^ >]+).*> doesn't take any value!",
        "L’option --{name} ne prend pas de valeur ; voyez : {help}",
    ),
    (
        r"['\"](?P<word>.*)['\"] is ambiguous when given after an optional-value flag",
        "« {word} » peut être une tâche ou la valeur de l’option qui précède ; écrivez --option=valeur, ou voyez : {help}",
    ),
)
"""Each of invoke's sentences, and ours."""


def said(message: str, task: str = "") -> str:
    """The sentence of invoke's error about that task, or about no task; itself where it is not known."""
    help_ = f"invoke --help {task}" if task else "invoke --list"
    for pattern, ours in SAID:
        if found := re.fullmatch(pattern, message, re.DOTALL):
            words = {
                name: word.replace("'", "") if name == "names" else word for name, word in found.groupdict().items()
            }
            return ours.format(**words, help=help_)
    return message
