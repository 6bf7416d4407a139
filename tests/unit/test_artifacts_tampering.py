"""Every way to put a wrong model in place is refused, by name, and hands out no bytes."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.artifacts.types import Fault, Signature
from dashboard.artifacts.keys import Revocations, revocations
from dashboard.artifacts.verify import Verified
from queries.artifact_rows import ArtifactRow
from tests.unit.artifact_shelf import LAST, MADE, NOW, Shelf, sha256, xgboost_bytes


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf.new(tmp_path / "models")


def refused(found: Verified, fault: Fault) -> str:
    assert found.check.fault is fault, found.check.reason
    assert found.content is None
    assert found.manifest is None
    assert not found.check.sound
    return found.check.reason


def test_an_untouched_file_is_handed_out_with_its_bytes(shelf: Shelf) -> None:
    found = shelf.verify(shelf.production())

    assert found.check.sound
    assert found.check.signature is Signature.VALID
    assert found.content == xgboost_bytes()
    assert found.check.found_sha256 == sha256(xgboost_bytes())


@given(place=st.integers(0, 10**9), bit=st.integers(0, 7))
def test_any_single_flipped_bit_is_seen(
    tmp_path_factory: pytest.TempPathFactory, place: int, bit: int
) -> None:
    shelf = Shelf.new(tmp_path_factory.mktemp("models"))
    row = shelf.production()
    content = bytearray(xgboost_bytes())
    content[place % len(content)] ^= 1 << bit
    (shelf.folder / row.path).write_bytes(content)

    assert "was changed after it was signed" in refused(shelf.verify(row), Fault.WRONG_DIGEST)


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def _append(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\0")


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _remove(path: Path) -> None:
    path.unlink()


def _link(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to(path.with_name("elsewhere"))


def _fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    ("spoil", "fault", "words"),
    [
        (_truncate, Fault.WRONG_SIZE, "the signed size is"),
        (_append, Fault.WRONG_SIZE, "the signed size is"),
        (_empty, Fault.WRONG_SIZE, "holds 0 bytes"),
        (_remove, Fault.FILE_MISSING, "is not in the models' folder"),
        (_link, Fault.FILE_UNUSABLE, "is a symbolic link"),
        (_fifo, Fault.FILE_UNUSABLE, "is a FIFO"),
        (_folder, Fault.FILE_UNUSABLE, "is a folder"),
    ],
)
def test_another_file_in_its_place(
    shelf: Shelf, spoil: Callable[[Path], None], fault: Fault, words: str
) -> None:
    row = shelf.production()
    spoil(shelf.folder / row.path)

    assert words in refused(shelf.verify(row), fault)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_empty, "no plain JSON"),
        (_remove, "is not in the models' folder"),
        (_link, "is a symbolic link"),
        (_fifo, "is a FIFO"),
    ],
)
def test_another_manifest_in_its_place(
    shelf: Shelf, spoil: Callable[[Path], None], words: str
) -> None:
    row = shelf.production()
    spoil(shelf.folder / f"{row.path}.manifest.json")

    found = shelf.verify(row)

    assert found.check.fault in {Fault.NO_MANIFEST, Fault.MANIFEST_UNSOUND}
    assert words in found.check.reason
    assert found.content is None


@pytest.mark.parametrize("path", ["../model.ubj", "/etc/passwd", "a/b.ubj", "", ".hidden", "a\0b"])
def test_a_path_that_leaves_the_folder_is_refused(shelf: Shelf, path: str) -> None:
    row = replace(shelf.production(), path=path)

    assert "no plain file name" in refused(shelf.verify(row), Fault.NO_MANIFEST)


def test_swapped_signatures_of_two_files(shelf: Shelf) -> None:
    one = shelf.put("one.ubj", xgboost_bytes(), version="xgb-2")
    other = shelf.put("other.ubj", xgboost_bytes(seed=2), version="xgb-3")
    shelf.beside(one.path, one.manifest, str(other.signature))

    found = shelf.verify(one)

    refused(found, Fault.SIGNATURE_WRONG)
    assert found.check.signature is Signature.INVALID


def test_swapped_manifests_of_two_files(shelf: Shelf) -> None:
    one = shelf.put("one.ubj", xgboost_bytes(), version="xgb-2")
    other = shelf.put("other.ubj", xgboost_bytes(seed=2), version="xgb-3")
    shelf.beside(one.path, other.manifest, str(other.signature))

    assert "it should be “xgb-2”" in refused(shelf.verify(one), Fault.WRONG_VERSION)


def test_the_manifest_of_another_file_of_the_same_version(shelf: Shelf) -> None:
    one = shelf.put("one.ubj", xgboost_bytes())
    other = shelf.put("other.ubj", xgboost_bytes(seed=2))
    shelf.beside(one.path, other.manifest, str(other.signature))

    assert "“other.ubj”" in refused(shelf.verify(one), Fault.WRONG_FILE)


@pytest.mark.parametrize("signature", ["", "zz", "00", "00" * 64, "0x" + "00" * 63])
def test_a_signature_that_is_none(shelf: Shelf, signature: str) -> None:
    row = shelf.production()
    shelf.beside(row.path, row.manifest, signature)

    found = shelf.verify(replace(row, signature=signature))

    assert found.check.fault in {Fault.SIGNATURE_MISSING, Fault.SIGNATURE_WRONG}
    assert found.content is None


@pytest.mark.parametrize("field", ["role", "sha256", "not_after", "model_version", "key_id"])
def test_a_manifest_edited_after_it_was_signed(shelf: Shelf, field: str) -> None:
    row = shelf.production()
    edited = {
        "role": "candidate",
        "sha256": "0" * 64,
        "not_after": "2099-01-01T00:00:00+00:00",
        "model_version": "xgb-9",
        "key_id": Shelf.new(shelf.folder / "more").signer.key_id,
    }
    shelf.beside(row.path, {**row.manifest, field: edited[field]}, str(row.signature))

    found = shelf.verify(row)

    assert found.check.fault is (Fault.KEY_UNKNOWN if field == "key_id" else Fault.SIGNATURE_WRONG)


def test_an_expired_signature(shelf: Shelf) -> None:
    row = shelf.production()

    assert shelf.verify(row, at=LAST).check.sound
    refused(shelf.verify(row, at=LAST + timedelta(microseconds=1)), Fault.EXPIRED)


def test_a_file_from_the_future(shelf: Shelf) -> None:
    row = shelf.put("model.ubj", xgboost_bytes(), created=NOW + timedelta(days=1))

    refused(shelf.verify(row), Fault.NOT_YET_VALID)


@pytest.mark.parametrize("kind", ["key", "sha256", "version"])
def test_what_was_revoked_is_refused(shelf: Shelf, tmp_path: Path, kind: str) -> None:
    row = shelf.production()
    value = {"key": row.key_id, "sha256": row.sha256, "version": row.model_version}[kind]
    listed = tmp_path / "revoked.txt"
    listed.write_text(f"# withdrawn\n{kind} {value} trained on the wrong window  # ticket 4\n")

    reason = refused(shelf.verify(row, revoked=revocations(listed)), Fault.REVOKED)

    assert "trained on the wrong window" in reason


@pytest.mark.parametrize("text", [None, "key\n", "model xgb-2\n", "\udc80"])
def test_a_revocation_list_that_cannot_be_used_refuses_everything(
    shelf: Shelf, tmp_path: Path, text: str | None
) -> None:
    listed = tmp_path / "revoked.txt"
    if text is not None:
        listed.write_text(text, errors="surrogateescape")

    found = shelf.verify(shelf.production(), revoked=revocations(listed))

    refused(found, Fault.REVOCATIONS_UNREADABLE)


def test_an_old_signed_model_is_replayed_over_the_present_one(shelf: Shelf) -> None:
    """The older file, its manifest and its signature are all genuine; only they are not due."""
    older = shelf.put("model.ubj", xgboost_bytes(seed=3), version="xgb-1")
    kept = {name: (shelf.folder / name).read_bytes() for name in _files(older)}
    present = shelf.put("model.ubj", xgboost_bytes(), version="xgb-2")
    for name, content in kept.items():
        (shelf.folder / name).write_bytes(content)

    assert "“xgb-1”" in refused(shelf.verify(present), Fault.WRONG_VERSION)


def test_an_older_build_of_the_same_version_is_replayed(shelf: Shelf) -> None:
    older = shelf.put("model.ubj", xgboost_bytes(seed=3))
    kept = {name: (shelf.folder / name).read_bytes() for name in _files(older)}
    present = shelf.production()
    for name, content in kept.items():
        (shelf.folder / name).write_bytes(content)

    assert "put on record" in refused(shelf.verify(present), Fault.NOT_AS_REGISTERED)


def test_a_candidate_in_productions_place(shelf: Shelf) -> None:
    production = shelf.production()
    candidate = shelf.put("candidate.ubj", xgboost_bytes(seed=4), version="xgb-2", role="candidate")
    for one, other in zip(_files(production), _files(candidate), strict=True):
        (shelf.folder / one).write_bytes((shelf.folder / other).read_bytes())

    reason = refused(shelf.verify(production), Fault.WRONG_ROLE)

    assert reason == "the manifest's role is “candidate”, it should be “production”"


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"environment": "development"}, Fault.WRONG_ENVIRONMENT),
        ({"model_id": "other_model"}, Fault.WRONG_MODEL),
        ({"feature_schema_sha256": "1" * 64}, Fault.WRONG_FEATURES),
        ({"role": "retired"}, Fault.WRONG_ROLE),
    ],
)
def test_a_file_truly_signed_for_something_else(
    shelf: Shelf, changed: dict[str, str], fault: Fault
) -> None:
    row = shelf.resign(shelf.production(), **changed)

    refused(shelf.verify(row), fault)


def test_a_retired_model_may_have_had_other_features(shelf: Shelf) -> None:
    row = shelf.put("old.ubj", xgboost_bytes(), role="retired", feature_schema_sha256="1" * 64)

    assert shelf.verify(row).check.sound


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "{}",
        '{"manifest": [], "signature": "00"}',
        '{"manifest": {}, "signature": "00", "note": 1}',
        '{"manifest": {"a": 1, "a": 2}, "signature": "00"}',
        '{"manifest": {"size": 1.5}, "signature": "00"}',
        '{"manifest": {"size": NaN}, "signature": "00"}',
        "[" * 60_000,
        "\x80",
    ],
)
def test_a_manifest_that_is_none(shelf: Shelf, text: str) -> None:
    row = shelf.production()
    beside = shelf.folder / f"{row.path}.manifest.json"
    beside.write_text(text, encoding="latin-1")

    refused(shelf.verify(row), Fault.MANIFEST_UNSOUND)


@pytest.mark.parametrize("field", ["sha256", "key_id", "not_after", "role", "size"])
def test_a_manifest_without_one_of_its_fields(shelf: Shelf, field: str) -> None:
    row = shelf.production()
    less = {name: value for name, value in row.manifest.items() if name != field}
    shelf.beside(row.path, less, str(row.signature))

    assert field in refused(shelf.verify(row), Fault.MANIFEST_UNSOUND)


def test_a_huge_manifest_is_not_read(shelf: Shelf) -> None:
    row = shelf.production()
    (shelf.folder / f"{row.path}.manifest.json").write_bytes(b" " * 65_537)

    assert "are not read" in refused(shelf.verify(row), Fault.NO_MANIFEST)


def test_what_is_registered_must_be_what_lies_there(shelf: Shelf) -> None:
    row = shelf.production()

    for changed in (
        {"sha256": "0" * 64},
        {"size_bytes": 1},
        {"signature": "00"},
        {"key_id": None},
        {"not_after": MADE},
        {"manifest": None},
        {"manifest": {**row.manifest, "training_run": "another"}},
    ):
        refused(shelf.verify(replace(row, **changed)), Fault.NOT_AS_REGISTERED)


def test_memory_of_a_digest_ends_with_the_file(shelf: Shelf) -> None:
    row = shelf.production()
    path = shelf.folder / row.path
    before = path.stat()
    assert shelf.verify(row, remembered=True).check.sound

    changed = bytearray(path.read_bytes())
    changed[7] ^= 1
    path.write_bytes(changed)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    refused(shelf.verify(row, remembered=True), Fault.WRONG_DIGEST)


def test_the_revocations_of_nobody_refuse_nothing(shelf: Shelf) -> None:
    assert revocations(None) == Revocations({})
    assert shelf.verify(shelf.production(), revoked=revocations(None)).check.sound


def _files(row: ArtifactRow) -> tuple[str, str]:
    return row.path, f"{row.path}.manifest.json"


def test_the_text_of_a_manifest_is_what_was_signed(shelf: Shelf) -> None:
    """Another order of keys and other blanks are the same manifest; nothing else is."""
    row = shelf.production()
    turned = dict(reversed(row.manifest.items()))
    text = json.dumps({"signature": row.signature, "manifest": turned}, indent=8)
    (shelf.folder / f"{row.path}.manifest.json").write_text(text)

    assert shelf.verify(row).check.sound
