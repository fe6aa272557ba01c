"""What the test and schemathesis, in a process of its own, both know."""

__all__ = ["NAMES_A_SECRET", "SAYS_MORE_THAN_A_SCHEMA"]

NAMES_A_SECRET = {
    "authVerify": "INVALID_TICKET",
    "authReset": "INVALID_TICKET",
    "authChangePassword": "INVALID_PASSWORD",
    "authErase": "INVALID_PASSWORD",
}
"""By operation: the reason for which a body of the right form is refused with 400, since the link or the password in it
is not the right one. rest.md asks for that on routes with a bearer (on 401 clients refresh and send again); of links it
says nothing, and a form that was filled in with the wrong thing is a 400 to clients everywhere else."""

SAYS_MORE_THAN_A_SCHEMA = {
    "personalUploadPhoto": {"UNSUPPORTED_FILE"},
    "personalAttach": {"UNSUPPORTED_FILE"},
    "personalCreateResume": {"UNKNOWN_TEMP_KEY"},
    "personalUpdateResume": {"UNKNOWN_TEMP_KEY"},
    "personalCreateShare": {"INVALID_EXPIRY"},
    "personalChangeShare": {"INVALID_EXPIRY"},
}
"""The same for what JSON Schema cannot tell: bytes that are no photo, an upload that is not there, a time that
is over."""
