"""Generates the `_pb2.py` beside every .proto of the repository: `python -m girok.rpc.generate` (grpcio-tools).

They are committed, since the protobuf package cannot read a .proto at run time; a test generates them again.
"""

from importlib import import_module
from pathlib import Path

__all__ = ["generate", "protos"]


def protos(root: Path) -> list[str]:
    """The .proto files of a checkout, as paths from its root."""
    found = [*(root / "girok").rglob("*.proto"), *(root / "plugins").rglob("*.proto")]
    return sorted(str(each.relative_to(root)) for each in found)


def generate(root: Path, target: Path) -> None:
    """Write the modules of every .proto of `root` below `target`. Raises RuntimeError when protoc refuses one."""
    protoc = import_module("grpc_tools.protoc")
    includes = [f"-I{root}", f"-I{Path(str(protoc.__file__)).with_name('_proto')}"]
    if protoc.main(["protoc", *includes, f"--python_out={target}", *protos(root)]):
        raise RuntimeError("protoc refused a .proto; it said why above")


if __name__ == "__main__":
    generate(Path.cwd(), Path.cwd())
