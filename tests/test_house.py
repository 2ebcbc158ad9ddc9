"""The house keeps its own rules: floors, names, light doors, sizes, and no way out to the network."""

from __future__ import annotations

import ast
import importlib.metadata
import importlib.util
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("agent", "knowledge", "picturebook", "tools", "ui")
OURS = (*ROOMS, "benchmarks", "tests")
HEAVY = (
    *("accelerate", "controlnet_aux", "cv2", "diffusers", "langchain", "langchain_core", "langchain_openai"),
    *("langgraph", "llama_index", "peft", "streamlit", "torch", "torchvision", "transformers", "weaviate"),
)
LINES_OF_A_FUNCTION = 50
LINES_OF_A_FILE = 250


def sources() -> Iterator[Path]:
    for room in ROOMS:
        yield from (ROOT / room).rglob("*.py")


def loaded_by(statement: str) -> set[str]:
    """The top-level modules that a fresh interpreter holds after the statement."""
    script = f"import sys\n{statement}\nprint(*{{name.partition('.')[0] for name in sys.modules}}, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    return set(done.stderr.split())


def test_imports_only_go_down() -> None:
    command = "import sys; from importlinter.cli import lint_imports_command; sys.exit(lint_imports_command())"
    done = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stdout


def test_no_dependency_brings_a_package_with_one_of_our_names() -> None:
    brought = importlib.metadata.packages_distributions()
    assert {name: brought[name] for name in OURS if set(brought.get(name, ())) - {"atelier"}} == {}


def test_no_dependency_has_files_below_one_of_our_names() -> None:
    # top_level.txt may lie, or be missing: what was really installed decides.
    found = {
        f"{distribution.metadata['Name']}: {file}"
        for distribution in importlib.metadata.distributions()
        if distribution.metadata["Name"] != "atelier"
        for file in distribution.files or ()
        if file.parts[0] in OURS
    }
    assert found == set()


@pytest.mark.parametrize("face", sorted(path.stem for path in (ROOT / "ui").glob("*.py") if path.stem != "__init__"))
def test_no_face_hides_an_importable_package(face: str) -> None:
    """Streamlit puts `ui/` first on the path: a file named like a package would then be that package."""
    assert face not in sys.stdlib_module_names
    assert importlib.util.find_spec(face) is None


@pytest.mark.parametrize(
    "door",
    ["tools.toolbox", "agent.settings", "agent.workflow", "agent.workshop", "agent.desk", "ui.cli", "ui.server"],
)
def test_no_door_loads_anything_heavy(door: str) -> None:
    assert loaded_by(f"import {door}").isdisjoint(HEAVY)


def test_a_workshop_that_was_opened_before_opens_without_anything_heavy(filled: Path) -> None:
    opening = "from agent.settings import read_settings; from agent.workshop import open_workshop"
    assert loaded_by(f"{opening}; open_workshop(read_settings())").isdisjoint(HEAVY)


def test_help_loads_nothing_heavy_and_answers_at_once() -> None:
    help_of = "from ui.cli import app\ntry: app(['draw', '--help'])\nexcept SystemExit: pass"
    assert loaded_by(help_of).isdisjoint((*HEAVY, "numpy", "PIL", "pydantic_settings"))
    before = children_seconds()
    subprocess.run([sys.executable, "-c", "from ui.cli import app; app(['--help'])"], capture_output=True, check=True)
    assert children_seconds() - before <= 1


def children_seconds() -> float:
    """CPU seconds of the processes started here and ended: a busy machine does not change them."""
    import resource

    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_only_the_settings_read_the_environment() -> None:
    reading = re.compile(r"os\.(environ|getenv)|from os import|pydantic_settings|dotenv")
    readers = {path for path in sources() if reading.search(path.read_text("utf-8"))}
    assert readers == {ROOT / "agent" / "settings.py"}


def test_nothing_below_the_faces_catches_everything() -> None:
    catchers = [path for path in sources() if re.search(r"except Exception\b|except:", path.read_text("utf-8"))]
    assert {path.parent for path in catchers} == {ROOT / "ui", ROOT / "ui" / "doors"}


@pytest.mark.parametrize("path", sorted(sources()), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_file_says_in_a_sentence_what_it_is_and_stays_small(path: Path) -> None:
    text = path.read_text("utf-8")
    tree = ast.parse(text)
    assert ast.get_docstring(tree), "a module begins with a sentence that says what it is"
    assert len(text.splitlines()) <= LINES_OF_A_FILE
    long = [
        f"{node.name}: {(node.end_lineno or 0) - node.lineno + 1} lines"
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno + 1 > LINES_OF_A_FUNCTION
    ]
    assert long == []


@pytest.mark.parametrize("word", ["utils", "helpers", "common", "manager", "handler"])
def test_no_file_has_a_name_that_says_nothing(word: str) -> None:
    assert [path for path in sources() if word in path.stem] == []


def test_no_test_can_leave_this_machine() -> None:
    with pytest.raises(OSError, match="wanted to reach"):
        socket.socket().connect(("192.0.2.1", 80))
    with pytest.raises(OSError, match="wanted to reach"):
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("192.0.2.1", 53))
    with pytest.raises(OSError, match="wanted to look up"):
        socket.create_connection(("huggingface.co", 443))


def test_loopback_is_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
        pass
