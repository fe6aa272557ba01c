"""The OpenAPI 3.1 document of this process' REST routes, made from the handlers themselves.

A handler is written once, and what it says is all there is: the path, its parameters (`FromPath`, `FromQuery`,
`FromHeader`), the body (`data: JSONBody[SomeStruct]`), the status and the type that it returns, and its docstring,
whose first line is the summary. What an annotation cannot say stands in `@answers`, right below the route:

    @post("/v1/auth/register")
    @answers(EmailTaken, UsernameTaken, RateLimited)
    async def register(data: JSONBody[RegisterBody]) -> AuthPayload:
        \"\"\"Make an account and sign in.\"\"\"

    @get("/v1/users/me")
    @answers(bearer="required")
    async def me() -> User:
        \"\"\"Who is signed in.\"\"\"

    @post("/v1/photos", request_max_body_size=MAX_FORM)
    @answers(FileTooLarge, form=PhotoForm)
    async def upload(request: AnyRequest) -> Photo:
        \"\"\"Send a photo, as multipart/form-data (girok/http/multipart.py).\"\"\"

Name every error that the handler raises by its class, as its status, `type` and `error.code` are part of the document;
a parent does not stand for its children. Not to be named, because they follow: a body or parameters that are wrong
(400, and 408, 413, 415 for bodies), a path parameter that matches nothing (404), a bearer that is missing or bad (401),
and what any route may answer (500, 503). A handler that returns `None` has no body, a `Response[SomeStruct]` that of
SomeStruct, a `Redirect` only a Location. `include_in_schema=False` leaves a route out.

A form's Struct has its files as `bytes`, which describes them: whoever reads it keeps none.

Structs of bodies say their rules with `Meta`, so that the document says them too: what the document allows and the
service refuses, and statuses and codes that nobody declared, are what schemathesis finds. Where the service looks at a
rule itself, because it has better words or a reason of its own, `Meta(extra_json_schema={"pattern": ...})` says it and
no more. Parameters have Litestar's `QueryParameter(ge=1)`, as Litestar overlooks `Meta`. Text holds no NUL; fields that
a body has and its Struct has not are ignored.
"""

from girok.http.openapi.answers import answers

__all__ = ["answers"]
