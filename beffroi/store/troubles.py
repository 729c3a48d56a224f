"""What a driver says of a database in trouble, as a sentence that says what to do."""

from __future__ import annotations

TROUBLES = (
    ("Is the server running", "aucun serveur n’y répond ; vérifiez qu’il est lancé, et BEFFROI_DATABASE_URL"),
    ("Could not parse", "ce n’est pas une adresse ; écrivez sqlite:////chemin/du/fichier ou postgresql://machine/base"),
    ("No such file", "ce dossier n’existe pas et ne peut être créé ; vérifiez le chemin"),
    ("Permission denied", "les droits manquent ; vérifiez ceux du dossier"),
    ("Read-only file system", "le disque est en lecture seule ; vérifiez-le"),
    ("database is locked", "un autre programme la tient verrouillée ; fermez-le, puis relancez la commande"),
    ("disk is full", "le disque est plein ; libérez de la place, puis relancez la commande"),
    ("No space left", "le disque est plein ; libérez de la place, puis relancez la commande"),
    ("readonly database", "elle est en lecture seule ; vérifiez les droits du fichier et de son dossier"),
    ("read-only", "elle est en lecture seule ; adressez-vous au serveur principal"),
    ("unable to open", "son fichier ne s’ouvre pas ; vérifiez le dossier et ses droits"),
    ("disk I/O error", "le disque ne la lit ou ne l’écrit plus ; vérifiez-le, et la place qui reste"),
    ("malformed", "son fichier est abîmé ; remettez-y la dernière sauvegarde"),
    ("not a database", "ce fichier n’est pas une base SQLite ; remettez-y la dernière sauvegarde"),
    ("Connection refused", "aucun serveur n’y répond ; vérifiez qu’il est lancé, et BEFFROI_DATABASE_URL"),
    ("resolve host", "ce nom de machine est inconnu ; vérifiez BEFFROI_DATABASE_URL"),
    ("authentication failed", "le mot de passe est refusé ; vérifiez BEFFROI_DATABASE_URL"),
    ("no password supplied", "le serveur demande un mot de passe ; donnez-le dans BEFFROI_DATABASE_URL"),
    ("does not exist", "le serveur ne connaît pas cette base ou ce rôle ; créez-les, ou corrigez BEFFROI_DATABASE_URL"),
    ("permission denied", "le serveur en refuse l’accès à ce rôle ; donnez-lui les droits"),
    ("too many", "le serveur a trop de connexions ; attendez, ou augmentez max_connections"),
    ("starting up", "le serveur démarre ; attendez quelques secondes, puis relancez la commande"),
    ("shutting down", "le serveur s’arrête ; relancez la commande quand il est revenu"),
    ("terminating connection", "le serveur a coupé la connexion ; relancez la commande quand il est revenu"),
    ("closed the connection", "le serveur a coupé la connexion ; relancez la commande quand il est revenu"),
    ("connection is lost", "la connexion s’est perdue ; relancez la commande quand le serveur est revenu"),
    ("timeout", "le serveur ne répond pas à temps ; vérifiez le réseau"),
    ("timed out", "le serveur ne répond pas à temps ; vérifiez le réseau"),
)
"""A part of the driver's words, which name no personal data, and ours."""


def told(error: BaseException) -> str:
    """In French where we know it; the driver's first line where we do not, without statement nor values."""
    words = str(getattr(error, "orig", None) or error).strip() or type(error).__name__
    return next((ours for theirs, ours in TROUBLES if theirs in words), words.splitlines()[0])
