"""The cells of the admin's lists, without what Unfold says in each of them anew."""

from django import template
from django.utils.safestring import SafeString, mark_safe
from unfold.templatetags.unfold_list import CHECKBOX_CLASSES, LINK_CLASSES, ROW_CLASSES

register = template.Library()

# A cell's thirty classes are two thirds of a list of fifty rows: clinic/lists.css has them under
# one name.
NAMED = {
    " ".join(CHECKBOX_CLASSES): "action-checkbox listed",
    " ".join(ROW_CLASSES): "listed",
    f' class="{" ".join(LINK_CLASSES)}"': "",
}


@register.filter
def shorter(cell: SafeString) -> SafeString:
    """A cell as `unfold.templatetags.unfold_list` has made it, with one class for its many."""
    for long, short in NAMED.items():
        cell = mark_safe(cell.replace(long, short, 1))  # noqa: S308  # nothing is added
    return cell
