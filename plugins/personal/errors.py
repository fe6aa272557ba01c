"""Personal's errors."""

from girok.errors import Category, Conflict, Forbidden, InvalidInput, NotFound, Text, Unavailable

__all__ = [
    "AttachmentNotFound",
    "FileMismatch",
    "FileMissing",
    "FileTooLarge",
    "ImageTooLarge",
    "InvalidExpiry",
    "PhotoNotFound",
    "ResumeChanged",
    "ResumeNotFound",
    "ShareExpired",
    "ShareInactive",
    "ShareNotFound",
    "TempUploadNotFound",
    "TooManyAttachments",
    "TooManyResumes",
    "TooManyShares",
    "UnknownTempKey",
    "UnsupportedFile",
    "UploadExpired",
]


class ResumeNotFound(NotFound):
    """There is no such resume, or it is somebody else's: which of them is never told."""

    reason = "RESUME_NOT_FOUND"
    text = Text("There is no such resume.", "이력서를 찾을 수 없습니다.")


class ResumeChanged(Conflict):
    """The resume is not the one any more that `If-Match` (RFC 9110) or `if_version` names; nothing was changed."""

    category = Category("CONFLICT", 412, "FAILED_PRECONDITION")
    reason = "RESUME_CHANGED"
    text = Text(
        "The resume was changed meanwhile. Load it again.", "이력서가 그 사이에 변경되었습니다. 다시 불러와 주세요."
    )


class TooManyResumes(Conflict):
    """Nobody may have more resumes than `personal.max_resumes`."""

    reason = "TOO_MANY_RESUMES"
    text = Text("You have too many resumes: delete one first.", "이력서가 너무 많습니다. 먼저 하나를 삭제해 주세요.")


class ShareNotFound(NotFound):
    """There is no such link, its resume is gone, or it is somebody else's: which of them is never told."""

    reason = "SHARE_NOT_FOUND"
    text = Text("There is no such link.", "링크를 찾을 수 없습니다.")


class ShareInactive(Forbidden):
    """The owner has switched the link off."""

    reason = "SHARE_INACTIVE"
    text = Text("This link is switched off.", "비활성화된 링크입니다.")


class ShareExpired(NotFound):
    """The link was good until a time that has come."""

    category = Category("NOT_FOUND", 410, "NOT_FOUND")
    reason = "SHARE_EXPIRED"
    text = Text("This link has expired.", "만료된 링크입니다.")


class InvalidExpiry(InvalidInput):
    """A link that would end before it began, or at a time that there is not."""

    reason = "INVALID_EXPIRY"
    text = Text("customExpiresAt is no time that a link can end at.", "만료 시각이 올바르지 않습니다.")


class TooManyShares(Conflict):
    """Nobody may have more links."""

    reason = "TOO_MANY_SHARES"
    text = Text("You have too many links: delete one first.", "링크가 너무 많습니다. 먼저 하나를 삭제해 주세요.")


class AttachmentNotFound(NotFound):
    """The resume has no such attachment."""

    reason = "ATTACHMENT_NOT_FOUND"
    text = Text("There is no such attachment.", "첨부 파일을 찾을 수 없습니다.")


class TooManyAttachments(Conflict):
    """No resume may have more files than `personal.max_attachments`."""

    reason = "TOO_MANY_ATTACHMENTS"
    text = Text(
        "The resume has too many files: delete one first.", "첨부 파일이 너무 많습니다. 먼저 하나를 삭제해 주세요."
    )


class PhotoNotFound(NotFound):
    """No photo has this key, or its owner has dropped it."""

    reason = "PHOTO_NOT_FOUND"
    text = Text("There is no such photo.", "사진을 찾을 수 없습니다.")


class UnknownTempKey(InvalidInput):
    """No temporary upload of one's own has this key: it expired, was taken into a resume, or never was."""

    reason = "UNKNOWN_TEMP_KEY"
    text = Text("The uploaded photo is not there any more. Upload it again.", "업로드한 사진이 만료되었습니다.")


class TempUploadNotFound(NotFound):
    """No temporary upload of one's own has this key: it expired, was taken into a resume, or never was."""

    reason = "TEMP_UPLOAD_NOT_FOUND"
    text = Text("There is no such upload.", "업로드한 파일을 찾을 수 없습니다.")


class FileMissing(InvalidInput):
    """The form must hold one file, in its field `file`."""

    reason = "FILE_MISSING"
    text = Text("Send one file, in the field file.", "file 필드에 파일 하나를 첨부해 주세요.")


class FileTooLarge(InvalidInput):
    """A file may have 10 MB (10,485,760 bytes) at most; nothing was stored."""

    category = Category("BAD_USER_INPUT", 413, "INVALID_ARGUMENT")
    reason = "FILE_TOO_LARGE"
    text = Text("The file is larger than 10 MB.", "파일은 10MB 이하여야 합니다.")


class UnsupportedFile(InvalidInput):
    """Files of this type are not taken here."""

    reason = "UNSUPPORTED_FILE"
    text = Text(
        "Photos must be JPEG, PNG or WebP; documents may also be PDF or office files.",
        "사진은 JPEG, PNG, WebP, 문서는 PDF와 오피스 파일도 사용할 수 있습니다.",
    )


class FileMismatch(InvalidInput):
    """The bytes are not a whole file of the type that its Content-Type says, and nothing but that."""

    reason = "FILE_MISMATCH"
    text = Text(
        "The file is damaged, or is not of the type that it is sent as.",
        "파일이 손상되었거나 파일 형식이 내용과 다릅니다.",
    )


class ImageTooLarge(FileMismatch):
    """The image has more than 100 million pixels."""

    reason = "IMAGE_TOO_LARGE"
    text = Text("The image has too many pixels.", "이미지의 해상도가 너무 높습니다.")


class UploadExpired(Unavailable):
    """The upload or the copy took so long that it was given up; nothing was changed."""

    reason = "UPLOAD_EXPIRED"
