"""Files and folders appear whole, whatever kills their writers; what a machine refuses is one line."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from skips import reason
from trap import files
from trap.cli import run_main
from trap.files import InputError, iter_jsonl, read_json, read_text, replacing, write_text

ROOT = Path(__file__).resolve().parent.parent


def fill(folder: Path, word: str) -> None:
    folder.mkdir()
    for name in ("a", "b"):
        (folder / name).write_text(word, encoding="utf-8")


def words(folder: Path) -> set[str]:
    return {path.read_text(encoding="utf-8") for path in folder.iterdir()}


def hidden(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name.startswith("."))


def program(code: str, *arguments: Path) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        env=os.environ | {"PYTHONPATH": f"{ROOT / 'scripts'}"}, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip


def exchanges(folder: Path) -> bool:
    for name in ("one", "two"):
        (folder / name).mkdir()
    return files._exchange(folder / "one", folder / "two")


def test_a_folder_is_replaced_whole(tmp_path: Path) -> None:
    for word in ("old", "new"):
        with replacing(tmp_path / "adapter") as partial:
            fill(partial, word)
        assert words(tmp_path / "adapter") == {word}
    with pytest.raises(ZeroDivisionError), replacing(tmp_path / "adapter") as partial:
        fill(partial, "never")
        1 / 0  # noqa: B018
    assert words(tmp_path / "adapter") == {"new"} and hidden(tmp_path) == []


def test_no_reader_ever_misses_a_folder_that_is_replaced(tmp_path: Path) -> None:
    if not exchanges(tmp_path):
        pytest.skip(reason("system", "this file system cannot exchange two folders"))
    path, done, missed = tmp_path / "adapter", threading.Event(), []
    with replacing(path) as partial:
        fill(partial, "0")

    def look() -> None:
        while not done.is_set():
            if not path.is_dir():
                missed.append(1)

    watcher = threading.Thread(target=look)
    watcher.start()
    for number in range(100):
        with replacing(path) as partial:
            fill(partial, str(number))
    done.set()
    watcher.join()
    assert not missed and words(path) == {"99"}


def test_where_folders_cannot_be_exchanged_they_are_replaced_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "_exchange", lambda first, second: False)
    test_a_folder_is_replaced_whole(tmp_path)


KILLED = """
import os, shutil, signal, sys
from pathlib import Path
from trap.files import replacing
path, moment = Path(sys.argv[1]), sys.argv[2]
def die(*what, **how):
    os.kill(os.getpid(), signal.SIGKILL)
if moment == "removing what was there":
    shutil.rmtree = die
with replacing(path) as partial:
    partial.mkdir()
    (partial / "a").write_text("new")
    if moment == "writing":
        die()
    (partial / "b").write_text("new")
"""


@pytest.mark.parametrize(
    ("moment", "left"), [("writing", {"old"}), ("removing what was there", {"new"})]
)  # fmt: skip
def test_a_killed_writer_leaves_the_old_or_the_new(tmp_path: Path, moment: str, left: set[str]) -> None:
    if not exchanges(tmp_path):
        pytest.skip(reason("system", "this file system cannot exchange two folders"))
    path = tmp_path / "folder/adapter"
    with replacing(path) as partial:
        fill(partial, "old")
    assert program(KILLED, path, Path(moment)).wait() == -signal.SIGKILL
    assert words(path) == left and len(list(path.iterdir())) == 2
    assert len(hidden(path.parent)) == 1
    with replacing(path) as partial:
        fill(partial, "third")
    assert words(path) == {"third"} and hidden(path.parent) == []  # the next writer cleans up


LIVING = """
import sys
from pathlib import Path
from trap.files import replacing
with replacing(Path(sys.argv[1])) as partial:
    print("began", flush=True)
    sys.stdin.readline()
    partial.write_text("first")
"""


def test_what_a_living_writer_has_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "items.parquet"
    writer = program(LIVING, path)
    assert writer.stdout.readline() == b"began\n"
    write_text(path, "second")
    assert path.read_text(encoding="utf-8") == "second" and len(hidden(tmp_path)) == 1
    assert writer.communicate(b"\n")[0] == b"" and writer.returncode == 0
    assert path.read_text(encoding="utf-8") == "first" and hidden(tmp_path) == []


def test_only_siblings_of_the_same_name_are_removed(tmp_path: Path) -> None:
    for name in (".a.json.of-mine", f".a.json.b.{files.HOST}.x", f".a.{files.HOST}.x", ".hidden"):
        (tmp_path / name).mkdir()
    (tmp_path / f".a.json.{files.HOST}.x").mkdir()
    write_text(tmp_path / "a.json", "{}")
    assert hidden(tmp_path) == sorted(
        [".a.json.of-mine", f".a.json.b.{files.HOST}.x", f".a.{files.HOST}.x", ".hidden"]
    )


# --- one line --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "no space is left on the disk: make room"),
        (errno.EDQUOT, "quota"),
        (errno.EACCES, "may not"),
        (errno.EROFS, "can only be read"),
    ],
)
def test_what_the_machine_refuses_is_one_line_that_says_what_to_do(
    number: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def body() -> None:
        raise OSError(number, os.strerror(number), "results/a.json")

    assert run_main(body) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: results/a.json: ") and words in error and error.count("\n") == 1


def test_the_file_that_did_not_fit_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    full = Path("/dev/full")
    if not full.is_char_device():
        pytest.skip(reason("system", "no /dev/full"))

    def body() -> None:
        with replacing(tmp_path / "a.json"), full.open("w") as stream:
            stream.write("x")

    assert run_main(body) == 1
    assert f"error: {tmp_path / 'a.json'}: no space is left on the disk" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_known_by_its_words_too(capsys: pytest.CaptureFixture[str]) -> None:
    def body() -> None:  # as libraries in other languages say it
        raise RuntimeError("I/O error: No space left on device (os error 28)")

    assert run_main(body) == 1
    assert (
        capsys.readouterr().err
        == "error: a file: no space is left on the disk: make room, then start the same command again\n"
    )


def test_a_fault_of_the_program_is_no_line_but_a_traceback() -> None:
    for error in (ZeroDivisionError(), OSError(errno.EBADF, "Bad file descriptor"), KeyError("a")):

        def body(error: Exception = error) -> None:
            raise error

        with pytest.raises(type(error)):
            run_main(body)


def test_an_error_of_the_project_is_one_line_whatever_it_quotes() -> None:
    assert str(InputError("a.yaml: unknown `\n\x0b\u2028x`\n  in line 1")) == "a.yaml: unknown ` x` in line 1"


@pytest.mark.parametrize("content", [b"[" * 5000, b'{"a":' * 5000, b"\xff", b"", b"nul"])
def test_json_that_is_none_names_its_file(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"a\.json"):
        read_json(path)
    with pytest.raises(InputError, match=r"a\.json:?1?"):
        list(iter_jsonl(path)) or read_json(path)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text(json.dumps({}))
    for path in (tmp_path / "missing", tmp_path, tmp_path / "file/inside", tmp_path / ("a" * 300)):
        with pytest.raises(InputError, match=r"^/.*: "):
            read_text(path)
