"""Bodies of a resume as the web client sends them: no ids at any depth, a null for every optional field left empty."""

from typing import Any

__all__ = ["EXPERIENCE_SALARY", "created", "edited", "without_format"]

EXPERIENCE_SALARY = 61_234
"""Which nobody else is to see."""
_FIRST = ("SKILLS", "EXPERIENCE", "PROJECT", "EDUCATION", "CERTIFICATE")
_OPTIONAL = """
description phone address github blog linkedin portfolio summary birthYear birthDate gender militaryService
militaryDischarge militaryRank militaryDischargeType militaryServiceStartDate militaryServiceEndDate coverLetter
applicationReason profileImage
"""
_EMPTY: dict[str, Any] = dict.fromkeys(_OPTIONAL.split())


def created(temp_key: str) -> dict[str, Any]:
    """The form right after a photo was chosen: rows were added and not filled."""
    return {
        **_EMPTY,
        "title": "Analyst",
        "paperSize": "A4",
        "name": "Ada Lovelace",
        "email": "ada@example.org",
        "keyAchievements": [""],
        "sections": [{"type": each, "order": order, "visible": True} for order, each in enumerate(_FIRST)],
        "skills": [],
        "experiences": [
            {
                "company": "",
                "startDate": "",
                "endDate": None,
                "isCurrentlyWorking": False,
                "finalPosition": "",
                "jobTitle": "",
                "salary": None,
                "salaryUnit": None,
                "showSalary": False,
                "projects": [],
                "order": 0,
                "visible": True,
            }
        ],
        "educations": [{"school": "", "major": "", "startDate": "", "endDate": None, "order": 0, "visible": True}],
        "certificates": [],
        "profileImage": None,
        "profileImageTempKey": temp_key,
    }


def edited(profile_image: str) -> dict[str, Any]:
    """The whole form, filled; the photo's address comes back as it was given."""
    return {
        **_EMPTY,
        "title": "Analyst",
        "paperSize": "LETTER",
        "name": "에이다 Lovelace",
        "email": "ada@example.org",
        "summary": "Writes programs for engines.",
        "keyAchievements": ["The first program", "Note G"],
        "birthDate": "1990-12-10",
        "gender": "FEMALE",
        "militaryService": "COMPLETED",
        "militaryServiceStartDate": "2012-03",
        "militaryServiceEndDate": "2013-12",
        "coverLetter": "Dear Charles,",
        "applicationReason": "Because of the engine.",
        "sections": [
            {"type": each, "order": order, "visible": True}
            for order, each in enumerate((*_FIRST, "KEY_ACHIEVEMENTS", "APPLICATION_REASON", "COVER_LETTER"))
        ],
        "skills": [_skill()],
        "experiences": [_experience()],
        "educations": [_education()],
        "certificates": [
            {
                "name": "Analysis",
                "issuer": "Royal Society",
                "issueDate": "2011-05",
                "expiryDate": None,
                "credentialId": None,
                "credentialUrl": None,
                "order": 0,
                "visible": True,
            }
        ],
        "profileImage": profile_image,
    }


def without_format(body: dict[str, Any]) -> dict[str, Any]:
    """The next save of the same form, which leaves `gpaFormat` out."""
    left = {name: value for name, value in body["educations"][0].items() if name != "gpaFormat"}
    return {**body, "educations": [left]}


def _skill() -> dict[str, Any]:
    child = {"content": "", "depth": 2, "order": 0, "children": []}
    node = {"content": "Bernoulli numbers", "depth": 1, "order": 0, "children": [child]}
    item = {"name": "Algorithms", "description": None, "descriptions": [node]}
    return {"category": "Mathematics", "items": [item], "order": 0, "visible": True}


def _experience() -> dict[str, Any]:
    achievement = {"content": "It ran, in thought", "depth": 1, "order": 0, "children": []}
    project = {
        "name": "Engine",
        "startDate": "2015-01",
        "endDate": None,
        "description": None,
        "role": "Author",
        "achievements": [achievement],
        "techStack": ["Brass", "Steam"],
        "url": None,
        "githubUrl": None,
        "order": 0,
    }
    return {
        "company": "Babbage & Co",
        "startDate": "2014-02",
        "endDate": None,
        "isCurrentlyWorking": True,
        "finalPosition": "Lead",
        "jobTitle": "Analyst",
        "salary": EXPERIENCE_SALARY,
        "salaryUnit": "guineas",
        "showSalary": False,
        "projects": [project],
        "order": 0,
        "visible": True,
    }


def _education() -> dict[str, Any]:
    return {
        "school": "At home",
        "major": "Mathematics",
        "degree": "BACHELOR",
        "startDate": "2008-03",
        "endDate": "2012-02",
        "gpa": "4.1",
        "gpaFormat": "SCALE_4_5",
        "order": 0,
        "visible": True,
    }
