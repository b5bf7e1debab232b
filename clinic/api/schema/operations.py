"""What an operation of the API is called: verb and noun, as the services and the clinic say it."""

from typing import Any

VERBS = {
    "list": "list",
    "retrieve": "get",
    "create": "create",
    "partial_update": "update",
    "destroy": "delete",
}
# Where "create", or an address put into words, is not what the clinic says.
SPOKEN = {
    "accept_waitlist": "accept_offer",
    "add_addendum_session": "add_addendum",
    "assess_skin_type_patient": "assess_skin_type",
    "book_series_plan": "book_series",
    "get_availability_compact": "list_availability_compact",
    "cartridges_session": "use_cartridge",
    "cream_on_session": "put_cream_on",
    "cream_off_session": "take_cream_off",
    "change_medical_patient": "update_patient_medical",
    "create_exposure": "report_exposure",
    "take_step_exposure": "take_exposure_step",
    "create_candidacy": "record_candidacy",
    "create_closure": "add_closure",
    "create_time_off": "add_time_off",
    "create_working_hours": "add_working_hours",
    "list_plan_proposal": "propose_series",
    "create_address_consent": "record_address_consent",
    "create_calendar_feed": "open_calendar_feed",
    "create_hold": "place_hold",
    "create_lot": "receive_cartridges",
    "create_other_treatment": "record_other_treatment",
    "update_other_treatment": "correct_other_treatment",
    "create_outcome": "record_outcome",
    "create_patient": "register_patient",
    "create_photo": "store_photo",
    "create_session": "book_session",
    "create_check_in": "record_check_in",
    "create_break_glass": "open_record",
    "create_side_effect": "log_side_effect",
    "create_waitlist": "join_waitlist",
    "decline_waitlist": "decline_offer",
    "delete_calendar_feed": "close_calendar_feed",
    "delete_hold": "release_hold",
    "done_task": "finish_task",
    "get_availability_first": "find_first_availability",
    "get_waitlist": "get_waitlist_entry",
    "get_inbox": "get_inbound_message",
    "answer_inbox": "answer_inbound_message",
    "handled_inbox": "handle_inbound_message",
    "hand_out_consent_patient": "hand_out_consent",
    "hold_plan": "put_plan_on_hold",
    "update_plan": "change_plan",
    "no_show_session": "record_no_show",
    "overrides_session": "override_finding",
    "side_effect_check_in": "record_reported_side_effect",
    "record_deviation_session": "record_deviation",
    "record_concern_patient": "record_concern",
    "record_consent_patient": "record_treatment_consent",
    "record_contact_consent_patient": "record_contact_consent",
    "record_photo_consent_patient": "record_photo_consent",
    "record_screening_patient": "record_screening",
    "revoke_consent": "revoke_treatment_consent",
    "tell_patients_lot": "tell_patients_of_lot",
    "withdraw_waitlist": "leave_waitlist",
    "write_chart_session": "write_session_chart",
}


def operation_name(view: Any, method: str, path: str, *, is_list: bool) -> str:
    """The operation's id, such as `book_session`."""
    if names := getattr(view, "operation_names", None):  # of a view without actions
        return str(names[method.lower()])
    noun = (view.basename or collection(path)).replace("-", "_")
    if view.action == "list":
        return f"list_{collection(path).replace('-', '_')}"
    if view.action in VERBS:
        name = f"{VERBS[view.action]}_{noun}"
    elif method == "GET":
        name = f"{'list' if is_list else 'get'}_{noun}_{view.action}"
    else:
        name = f"{view.action}_{noun}"
    return SPOKEN.get(name, name)


def collection(path: str) -> str:
    """What the operation belongs to: `sessions` of /api/v1/sessions/{id}/chart/."""
    return path.removeprefix("/api/v1/").split("/")[0]


def in_words(name: str) -> str:
    return name.replace("_", " ").capitalize()
