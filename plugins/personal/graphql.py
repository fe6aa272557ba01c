"""Personal's part of the GraphQL schema."""

from girok.context import require_user
from girok.graphql.part import Context, Part
from plugins.personal.errors import ResumeNotFound
from plugins.personal.ports import (
    CreateResumeRequest,
    DeleteResumeRequest,
    GetPublicResumeRequest,
    GetResumeRequest,
    GetResumesByUserIdRequest,
    PersonalService,
    Resume,
    ResumeBody,
    UpdateResumeRequest,
)

__all__ = ["PART"]

PART = Part("""
extend type Query {
  resumes: [Resume!]!
  "Null when there is none, without an error."
  resume(id: ID!): Resume
  "What its owner shows; null when there is none, without an error."
  publicResume(username: String!): Resume
}

extend type Mutation {
  createResume(input: ResumeInput!): Resume!
  updateResume(id: ID!, input: ResumeInput!): Resume!
  deleteResume(id: ID!): Boolean!
}

"Fields, names and rules as the REST contract's Resume."
type Resume {
  id: ID!
  title: String!
  description: String
  isDefault: Boolean!
  paperSize: String!
  name: String!
  email: String!
  phone: String
  address: String
  github: String
  blog: String
  linkedin: String
  portfolio: String
  summary: String
  keyAchievements: [String!]!
  profileImage: String
  birthDate: String
  gender: String
  coverLetter: String
  applicationReason: String
  sections: [ResumeSection!]!
  skills: [ResumeSkill!]!
  experiences: [ResumeExperience!]!
  educations: [ResumeEducation!]!
  certificates: [ResumeCertificate!]!
  createdAt: DateTime!
  updatedAt: DateTime!
}
type ResumeSection { id: ID! type: String! order: Int! visible: Boolean! }
type ResumeSkill { id: ID! category: String! items: JSON! order: Int! visible: Boolean! }
type ResumeExperience {
  id: ID! company: String! startDate: String! endDate: String isCurrentlyWorking: Boolean! finalPosition: String!
  jobTitle: String! salary: Int salaryUnit: String showSalary: Boolean projects: [ResumeProject!]! order: Int!
  visible: Boolean!
}
type ResumeProject {
  id: ID! name: String! startDate: String! endDate: String description: String role: String achievements: JSON!
  techStack: [String!]! url: String githubUrl: String order: Int!
}
type ResumeEducation {
  id: ID! school: String! major: String! degree: String startDate: String! endDate: String gpa: String gpaFormat: String
  order: Int! visible: Boolean!
}
type ResumeCertificate {
  id: ID! name: String! issuer: String! issueDate: String! expiryDate: String credentialId: String credentialUrl: String
  order: Int! visible: Boolean!
}

"The REST contract's body of POST and PUT /v1/resume; lists given replace, absent stays, null clears."
input ResumeInput {
  title: String description: String isDefault: Boolean paperSize: String name: String email: String phone: String
  address: String github: String blog: String linkedin: String portfolio: String summary: String
  keyAchievements: [String!] profileImageTempKey: String birthDate: String gender: String coverLetter: String
  applicationReason: String skills: JSON experiences: JSON educations: JSON certificates: JSON
}
""")


@PART.query("resumes")
async def resumes(context: Context) -> tuple[Resume, ...]:
    request = GetResumesByUserIdRequest(require_user().user_id)
    return (await context.ports[PersonalService].get_resumes_by_user_id(request)).resumes


@PART.query("resume")
async def resume(context: Context, *, id: str) -> Resume | None:  # noqa: A002 - the argument's name in the schema
    try:
        return await context.ports[PersonalService].get_resume(GetResumeRequest(id))
    except ResumeNotFound:
        return None


@PART.query("publicResume")
async def public_resume(context: Context, *, username: str) -> Resume | None:
    try:
        return await context.ports[PersonalService].get_public_resume(GetPublicResumeRequest(username))
    except ResumeNotFound:
        return None


@PART.mutation("createResume")
async def create_resume(context: Context, *, input: ResumeBody) -> Resume:  # noqa: A002 - as above
    given, _ = input.as_input()
    return await context.ports[PersonalService].create_resume(CreateResumeRequest(given))


@PART.mutation("updateResume")
async def update_resume(context: Context, *, id: str, input: ResumeBody) -> Resume:  # noqa: A002 - as above
    given, mask = input.as_input()
    return await context.ports[PersonalService].update_resume(UpdateResumeRequest(id, given, mask))


@PART.mutation("deleteResume")
async def delete_resume(context: Context, *, id: str) -> bool:  # noqa: A002 - as above
    await context.ports[PersonalService].delete_resume(DeleteResumeRequest(id))
    return True
