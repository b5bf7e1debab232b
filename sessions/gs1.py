"""The GS1 code on a cartridge: GTIN, expiry, lot and serial number.

As a scanner sends it or as it is printed: `(01)09506000134352(17)271231(10)LOT42(21)0001`.
Application identifiers: GS1 General Specifications, 01 GTIN, 10 lot, 17 expiry, 21 serial.
"""

import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from django.utils.translation import gettext, gettext_noop

from clinic.errors import DomainError

if TYPE_CHECKING:
    from biip.gs1_element_strings import GS1ElementString

# What a scanner may say first: that it saw a GS1 DataMatrix, GS1-128, GS1 QR code, DataBar or
# DotCode (ISO/IEC 15424).
SYMBOLOGY = re.compile(r"^\](d2|C1|Q3|e0|J1)")


class UnreadableCode(DomainError):
    code = "unreadable_code"
    title = gettext_noop("This is no GS1 code of a cartridge")


@dataclass(frozen=True)
class CartridgeCode:
    gtin: str
    lot: str
    expires_on: date
    serial: str


def read_cartridge_code(text: str) -> CartridgeCode:
    """Read a scanned or typed code. Raises UnreadableCode, which says what is missing or wrong."""
    parts = _parts(SYMBOLOGY.sub("", text.strip()))
    names = {
        "01": "GTIN (01)",
        "17": gettext("expiry (17)"),
        "10": gettext("lot (10)"),
        "21": gettext("serial (21)"),
    }
    missing = [name for ai, name in names.items() if ai not in parts]
    if missing:
        raise UnreadableCode(
            gettext("The code lacks {missing}.").format(missing=", ".join(missing)), field="code"
        )
    gtin, expires_on = parts["01"].gtin, parts["17"].date
    if gtin is None or expires_on is None:
        raise UnreadableCode(
            gettext("The GTIN's check digit or the expiry date is wrong: scan it again."),
            field="code",
        )
    return CartridgeCode(
        gtin=gtin.as_gtin_14(),
        lot=parts["10"].value,
        expires_on=expires_on,
        serial=parts["21"].value,
    )


def _parts(text: str) -> "dict[str, GS1ElementString]":
    """The elements by application identifier. Raises UnreadableCode also if they could be read in
    another way: a lot that is misread would be recalled for the wrong patients."""
    from biip import ParseError  # it reads all the world's prefixes, which a scan alone needs
    from biip.gs1_messages import GS1Message

    try:
        printed = text.startswith("(")
        parse = GS1Message.parse_hri if printed else GS1Message.parse
        elements = parse(text).element_strings
        parts = {element.ai.ai: element for element in elements}
        again = "".join(f"({element.ai.ai}){element.value}" for element in elements)
        whole = not printed or again == re.sub(r"\s", "", text)
        if len(parts) == len(elements) and whole and text.isascii():
            return parts
    except ParseError:
        pass
    raise UnreadableCode(
        gettext("This cannot be read. Right would be (01)GTIN(17)YYMMDD(10)LOT(21)SERIAL."),
        field="code",
    )
