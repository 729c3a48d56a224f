"""Reading other people's XML: no entity, no DTD, no network; a fault in it loses no more than it must."""

from __future__ import annotations

import re

from lxml import etree

from beffroi.errors import ImportFailed
from beffroi.importing.piece import Loss

_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")
LARGEST = 200 * 1024 * 1024


def parse(data: bytes, name: str) -> tuple[etree._Element, list[Loss]]:
    """The root element, and what was wrong with the file. Raises `ImportFailed` where nothing can be read."""
    if len(data) > LARGEST:
        raise ImportFailed(f"{name} fait plus de 200 Mo ; exportez en plusieurs fois (par année, par exemple).")
    if re.search(rb"<!(DOCTYPE|ENTITY)", data[:100_000]):
        raise ImportFailed(
            f"{name} contient une déclaration DOCTYPE, ce qu’aucun export n’a ; refaites l’export depuis le site."
        )
    losses = []
    if found := _CONTROL.findall(data):
        losses.append(Loss(name, f"{len(found)} caractère(s) de contrôle interdits en XML", "ils ont été retirés"))
        data = _CONTROL.sub(b"", data)
    try:
        return etree.fromstring(data, _parser(recover=False)), losses
    except etree.XMLSyntaxError as error:
        root = etree.fromstring(data, _parser(recover=True)) if data.strip() else None
        if root is None:
            raise ImportFailed(f"{name} n’est pas du XML ({error}) ; refaites l’export depuis le site.") from error
        advice = "le reste a été lu ; comptez les contenus, et refaites l’export s’il en manque"
        return root, [*losses, Loss(name, f"XML fautif ligne {error.lineno} ({error.msg})", advice)]


def _parser(*, recover: bool) -> etree.XMLParser:
    return etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, recover=recover, remove_comments=True
    )


def child(element: etree._Element, name: str) -> str:
    """The text of the first child of that local name, whatever its namespace; empty without one."""
    found = element.find(f"{{*}}{name}")
    return (found.text or "").strip() if found is not None else ""
