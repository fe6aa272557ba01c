"""One schema from the parts of all plugins. What does not fit together is found at the start, not by a request.

    schema = assemble(parts)
    text = print_sdl(schema)

`Query` and `Mutation` are the sum of what parts add to them; `extend type User` adds to another part's type.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any, cast

from graphql import (
    DefinitionNode,
    DocumentNode,
    GraphQLError,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    ObjectTypeDefinitionNode,
    ObjectTypeExtensionNode,
    build_ast_schema,
    is_abstract_type,
    lexicographic_sort_schema,
    parse,
    print_schema,
    validate_schema,
)

from girok.graphql import scalars
from girok.graphql.arguments import problems_of
from girok.graphql.part import Part
from girok.graphql.resolvers import attach, attach_type_of
from girok.graphql.shapes import missing_attributes

__all__ = ["SchemaError", "assemble", "print_sdl"]

_ROOTS = ("Query", "Mutation")
Resolver = Callable[..., Any]


class SchemaError(Exception):
    """The parts contradict one another, or resolvers and schema do. The message lists everything that was found."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("the GraphQL schema cannot be made:\n" + "\n".join(f"  {each}" for each in problems))


def assemble(parts: Iterable[Part]) -> GraphQLSchema:
    """The schema, its resolvers attached. Raises SchemaError."""
    parts = tuple(parts)
    schema = _built(parts)
    resolvers = {key: function for part in parts for key, function in (*part.roots.items(), *part.fields.items())}
    types = {name: function for part in parts for name, function in part.types.items()}
    problems = [*_twice(parts), *_unresolved(schema, resolvers), *_untyped(schema, types)]
    for (type_name, name), resolver in resolvers.items():
        problems += _mismatch(schema, type_name, name, resolver)
    if problems := problems or missing_attributes(schema, resolvers):
        raise SchemaError(problems)
    for kind in _objects(schema):
        for name, field in kind.fields.items():
            attach(field, resolvers.get((kind.name, name)), root=kind.name in _ROOTS)
    for name, function in types.items():
        attach_type_of(cast("GraphQLInterfaceType | GraphQLUnionType", schema.type_map[name]), function)
    return schema


def print_sdl(schema: GraphQLSchema) -> str:
    """The schema as text, in alphabetical order, so that the same schema is the same text."""
    return print_schema(lexicographic_sort_schema(schema)) + "\n"


def _built(parts: Sequence[Part]) -> GraphQLSchema:
    try:
        documents = [parse(text, no_location=True) for text in (scalars.SDL, *(part.sdl for part in parts))]
        definitions = [_rootless(each) for document in documents for each in document.definitions]
        schema = build_ast_schema(DocumentNode(definitions=(*_root_types(definitions), *definitions)))
        problems = [each.message for each in validate_schema(schema)]
    except (GraphQLError, TypeError) as error:
        raise SchemaError([str(error)]) from error
    if problems:
        raise SchemaError(problems)
    scalars.adopt(schema.type_map)
    return schema


def _rootless(definition: DefinitionNode) -> DefinitionNode:
    """`type Query { ... }` as an extension of it, so that every part may write it."""
    if isinstance(definition, ObjectTypeDefinitionNode) and definition.name.value in _ROOTS:
        return ObjectTypeExtensionNode(name=definition.name, fields=definition.fields)
    return definition


def _root_types(definitions: Sequence[DefinitionNode]) -> Iterator[DefinitionNode]:
    names = {each.name.value: each.name for each in definitions if isinstance(each, ObjectTypeExtensionNode)}
    for name in _ROOTS:
        if name in names:
            yield ObjectTypeDefinitionNode(name=names[name])


def _objects(schema: GraphQLSchema) -> Iterator[GraphQLObjectType]:
    for kind in schema.type_map.values():
        if isinstance(kind, GraphQLObjectType) and not kind.name.startswith("__"):
            yield kind


def _twice(parts: Sequence[Part]) -> Iterator[str]:
    counted = Counter(key for part in parts for key in (*part.roots, *part.fields, *((name,) for name in part.types)))
    for key, count in counted.items():
        if count > 1:
            yield f"{'.'.join(key)} has {count} {'resolvers' if len(key) > 1 else 'functions that tell types'}"


def _unresolved(schema: GraphQLSchema, resolvers: dict[tuple[str, str], Resolver]) -> Iterator[str]:
    """Fields that nothing can answer: a root has no object to look at, an attribute takes no arguments."""
    for kind in _objects(schema):
        for name, field in kind.fields.items():
            if (kind.name, name) not in resolvers and (kind.name in _ROOTS or field.args):
                yield f"{kind.name}.{name} has no resolver"


def _untyped(schema: GraphQLSchema, types: Collection[str]) -> Iterator[str]:
    """Interfaces and unions of whose objects nobody tells the type, and the other way round."""
    abstract = {name for name, kind in schema.type_map.items() if is_abstract_type(kind)}
    for name in sorted(abstract.difference(types)):
        yield f"{name} is an interface or a union, and no part tells the type of its objects"
    for name in sorted(set(types) - abstract):
        yield f"a part tells the type of objects of {name}, which is no interface or union"


def _mismatch(schema: GraphQLSchema, type_name: str, name: str, resolver: Resolver) -> Iterator[str]:
    kind = schema.type_map.get(type_name)
    if not isinstance(kind, GraphQLObjectType) or name not in kind.fields:
        yield f"a resolver for {type_name}.{name}, which the schema does not have"
        return
    positional = 1 if type_name in _ROOTS else 2
    for each in problems_of(resolver, kind.fields[name].args, positional):
        yield f"the resolver of {type_name}.{name} {each}"
