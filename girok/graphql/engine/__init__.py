"""Runs operations by plans that are compiled once. It knows graphql-core, msgspec's Structs as any other objects, and
the parts' resolvers; no domain, no transport.

What becomes of a request:

1. `documents.py` parses and validates a document by graphql-core, once, and keeps its operations (`operation.py`).
2. `variables.py` coerces the request's variables. What is plainly right is taken as it comes, anything else is
   graphql-core's to coerce or to refuse.
3. `Plans` has the plan for this operation and these values of its `@skip` and `@include`, or `compile.py` makes it.
   graphql-core says which fields a selection has on a type, for each place once; fragments, aliases and merged fields
   are gone then. Below an interface or a union a type's plan is made when the first object of that type comes.
4. `run.py` asks. A root's resolver is called with the context; when it has answered, `open` finds all objects that
   fields with resolvers wait for, in the order of the answer, whatever attributes and lists lie between, and each such
   field is asked once, with all of them. So a resolver is called once for each place in the document that names its
   field, never once for each object; two such places that ask the same in the same turn are one call. Nobody waits for
   a level to be complete: what is known is asked for. Roots of a mutation are asked, and all below them, in turn.
5. `complete` and `project` make the answer, from the last field that was asked to the root. They are text that
   `source.py` writes for each selection and `project.py` compiles: attributes read and checked in place, one dict for
   each object. They know nothing of errors: anything that is not as the schema says makes them raise.
   A plan that was never used before has no functions yet: it is run by 6 alone, which costs less than to compile it.
6. Then `columns.py` lays the same answers out by field and object, and `careful.py` makes the answer from that, value
   by value, as the specification has it: nulls that go up, errors with their places, and in graphql-core's order. No
   resolver is asked again. So what is usual is quick, and what is right is in one place.

An exception that a resolver raises, or gives in place of a value, fails just these values. An operation has a time
limit; what has not answered by then has failed with DEADLINE_EXCEEDED, the rest is in the answer.

graphql-core runs `__schema` and `__type`, each with what is below it, as an operation of its own (`introspect.py`);
everything else that validation lets through is run here. `tests/kernel/graphql/test_engine_anything.py` compares with
graphql-core, on schemas, data and operations made at random: data, order, errors, which mutations ran.

Attributes may be read more than once and have to give the same each time. A resolver may answer a list by any
iterable, an attribute by one that can be gone through again.
"""
