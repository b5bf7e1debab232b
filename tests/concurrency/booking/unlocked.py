"""How a less careful team reads a message before its call: nobody holds the row."""

from aftercare.dispatch.locked_read import LOCK_ROW, ROW
from clinic.db.prepared import Prepared

UNLOCKED = Prepared("message_row_unlocked", LOCK_ROW.replace("FOR UPDATE", ""), ROW.types)
